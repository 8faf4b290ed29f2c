import type { ListItem, Nodes, RootContent } from "mdast";
import { createHtmlReader, type HtmlReader } from "../text/html.ts";
import { parseMarkdown, sourceOf, spanOf } from "../text/markdown.ts";

/** A part of a body under a heading or in a collapsed block. The outermost has neither. */
export interface Section {
  title: string;
  readonly kind: "body" | "details" | "heading";
  readonly depth: number;
  readonly children: (Section | Block)[];
}

/** A paragraph, list, code block or text between HTML tags. */
export interface Block {
  readonly kind: "block";
  /** Undefined for text that stands directly between HTML tags. */
  readonly node: RootContent | undefined;
  /** As written, without the marks of the quotes around it. */
  readonly source: string;
  /** Of a list: its items, without their markers. */
  readonly items: readonly { readonly node: ListItem; readonly source: string }[];
}

/** Whether quotes are read like the rest: bots put findings into alerts, people quote others. */
export type Quotes = "read" | "skipped";

/** Blocks nested deeper than any bot writes them are read as if they stood in the one around them. */
const deepest = 40;

/**
 * Reads how a body is nested: collapsed blocks with their summaries, and headings in either spelling. What a hidden
 * element hides is left out. Ask `isTooComplex` first.
 */
export function outlineOf(body: string, quotes: Quotes): Section {
  const builder = createBuilder();
  const reader = createHtmlReader(body);
  const walk = (nodes: readonly RootContent[], quoteDepth: number): void => {
    for (const node of nodes) {
      if (node.type === "html") {
        readHtml(node.value, { builder, reader });
      } else if (reader.hides()) {
        // Shown to nobody.
      } else if (node.type === "blockquote") {
        if (quotes === "read") walk(node.children, quoteDepth + 1);
      } else if (node.type === "heading") {
        builder.openHeading(plainText(node), node.depth);
      } else if (node.type === "thematicBreak") {
        builder.closeHeadings();
      } else {
        builder.add(blockOf(node, body, quoteDepth));
      }
    }
  };
  walk(parseMarkdown(body).children, 0);
  return builder.finish();
}

/** The words of a node without its markup; code stays between backticks. */
export function plainText(node: Nodes): string {
  if (node.type === "inlineCode") return `\`${node.value}\``;
  if (node.type === "text" || node.type === "code") return node.value;
  if (node.type === "break") return "\n";
  return "children" in node ? node.children.map(plainText).join(node.type === "list" ? "\n" : "") : "";
}

/** Inline the parser tells every tag apart, so a block of HTML is read as one line of text. */
function readHtml(html: string, { builder, reader }: { readonly builder: Builder; readonly reader: HtmlReader }): void {
  const isHidden = reader.hides();
  reader.read(html);
  if (isHidden || html.trimStart().startsWith("<!--")) return;
  const [line] = parseMarkdown(`x${html.replaceAll(/\s*\n\s*/g, " ")}`).children;
  if (line?.type !== "paragraph") return;
  for (const [index, piece] of line.children.entries()) {
    if (piece.type === "html") builder.tag(piece.value);
    else builder.text(index === 0 ? plainText(piece).slice(1) : plainText(piece));
  }
}

type Builder = ReturnType<typeof createBuilder>;

/** Builds the tree while tags, text and blocks come by. Tags that do not match close nothing they did not open. */
function createBuilder() {
  const body: Section = { title: "", kind: "body", depth: 0, children: [] };
  const stack: Section[] = [];
  /** Text between tags: of the title that is being read, or a block of its own. */
  let words = "";
  let tooDeep = 0;
  let reading: "blocks" | "summary" | "heading" = "blocks";

  const top = () => stack.at(-1) ?? body;

  function open(section: Section): void {
    top().children.push(section);
    stack.push(section);
  }

  function endText(): void {
    if (words.trim() !== "") top().children.push({ kind: "block", node: undefined, source: words.trim(), items: [] });
    words = "";
  }

  function closeHeadings(from = 1): void {
    endText();
    while (top().kind === "heading" && top().depth >= from) stack.pop();
  }

  function openHeading(text: string, depth: number): void {
    if (reading !== "blocks") {
      words += ` ${text}`;
      return;
    }
    closeHeadings(depth);
    open({ title: text.trim(), kind: "heading", depth, children: [] });
  }

  function detailsTag(isClosing: boolean): void {
    endText();
    reading = "blocks";
    const innermost = stack.findLastIndex((section) => section.kind === "details");
    if (!isClosing && stack.length >= deepest) tooDeep += 1;
    else if (isClosing && tooDeep > 0) tooDeep -= 1;
    else if (!isClosing) open({ title: "", kind: "details", depth: 0, children: [] });
    else if (innermost !== -1) stack.length = innermost;
  }

  function titleTag(isClosing: boolean, depth: number): void {
    const isSummary = depth === 0;
    if (reading === "summary" && !isSummary) return;
    const text = words;
    if (!isClosing) endText();
    words = "";
    const wasReading = reading;
    reading = isClosing ? "blocks" : isSummary ? "summary" : "heading";
    if (!isClosing || wasReading === "blocks") return;
    if (isSummary) top().title = text.trim();
    else openHeading(text, depth);
  }

  function tag(source: string): void {
    const match = /^<(\/?)(?:(details)|(summary)|h([1-6]))(?![\w-])/i.exec(source);
    if (!match) {
      words += " ";
      return;
    }
    const [, slash, details, summary, depth] = match;
    if (details) detailsTag(slash === "/");
    else titleTag(slash === "/", summary ? 0 : Number(depth));
  }

  function add(block: Block): void {
    if (reading !== "blocks") {
      words += ` ${block.source}`;
      return;
    }
    endText();
    top().children.push(block);
  }

  function finish(): Section {
    endText();
    return body;
  }

  const text = (more: string) => {
    words += more;
  };
  return { openHeading, closeHeadings: () => closeHeadings(), tag, text, add, finish };
}

function blockOf(node: RootContent, body: string, quoteDepth: number): Block {
  const items = node.type === "list" ? node.children : [];
  return {
    kind: "block",
    node,
    source: withoutQuoteMarks(sourceOf(body, node), quoteDepth),
    items: items.map((item) => ({ node: item, source: withoutQuoteMarks(contentOf(item, body), quoteDepth) })),
  };
}

/** An item's text without its marker and the indentation that goes with it. */
function contentOf(item: ListItem, body: string): string {
  const first = item.children[0];
  const last = item.children.at(-1);
  if (!first?.position || !last) return "";
  const indentation = new RegExp(`^ {1,${first.position.start.column - 1}}`);
  return body
    .slice(spanOf(first).start, spanOf(last).end)
    .split("\n")
    .map((line, index) => (index === 0 ? line : line.replace(indentation, "")))
    .join("\n");
}

function withoutQuoteMarks(source: string, depth: number): string {
  if (depth === 0) return source;
  return source
    .split("\n")
    .map((line) => line.replace(new RegExp(`^(?: {0,3}> ?){1,${depth}}`), ""))
    .join("\n");
}
