import type { Heading, Link, LinkReference, Nodes, Root } from "mdast";
import { codeSpan } from "./code-block.ts";
import { isIssueUrl, lineGuard, liveParts, withoutBotMentions } from "./live-text.ts";
import {
  applyEdits,
  definitionsOf,
  type Edit,
  infoEdit,
  parseMarkdown,
  plainDestination,
  sourceOf,
  spanOf,
  visit,
} from "./markdown.ts";

interface Context {
  readonly source: string;
  readonly urls: ReadonlyMap<string, string>;
}

/**
 * One pass over agent text: what would notify, link, load or command becomes visible, dead text (security.md T33). To
 * be repeated until nothing changes, because an edit can turn its surroundings into markup.
 */
export function makeInert(source: string): string {
  const root = parseMarkdown(source);
  const context: Context = { source, urls: definitionsOf(root) };
  const edits = [...visit(root)].flatMap(({ node }) => editsFor(node, context));
  return applyEdits(source, [...edits, ...lineEdits(source, root)]);
}

function editsFor(node: Nodes, context: Context): readonly Edit[] {
  switch (node.type) {
    case "html":
      return [replace(node, sourceOf(context.source, node).replaceAll("<", "&lt;"))];
    case "definition":
      return [replace(node, "")];
    case "heading":
      return headingEdits(node);
    case "image":
    case "imageReference":
      return [replace(node, "(image left out)")];
    case "link":
    case "linkReference":
      return linkEdits(node, context);
    case "code":
      return [infoEdit(context.source, node), botEdit(node, context)].filter((edit) => edit !== undefined);
    case "inlineCode":
      return [botEdit(node, context)].filter((edit) => edit !== undefined);
    case "text":
      return textEdits(node, node.value, context.source);
    default:
      return [];
  }
}

/** Sections are ours: a heading in agent text could begin one that looks like Baton's own. Its words stay. */
function headingEdits(node: Heading): readonly Edit[] {
  const { start, end } = spanOf(node);
  const first = node.children[0];
  const last = node.children.at(-1);
  if (!first || !last) return [replace(node, "")];
  return [
    { start, end: spanOf(first).start, text: "" },
    { start: spanOf(last).end, end, text: "\n" },
  ];
}

/** Words and a plain web address stay a link. Addresses of issues are shown as code: a link to them leaves a trace there. */
function linkEdits(node: Link | LinkReference, { source, urls }: Context): readonly Edit[] {
  const { start, end } = spanOf(node);
  const url = node.type === "link" ? node.url : (urls.get(node.identifier) ?? "");
  const written = source[start];
  if (written !== "[") return autolinkEdits(node, url, source);
  const first = node.children[0];
  const last = node.children.at(-1);
  if (!first || !last) return [replace(node, "")];
  const head = { start, end: spanOf(first).start, text: "" };
  const foot = { start: spanOf(last).end, end };
  if (isIssueUrl(url)) return [head, { ...foot, text: ` (${codeSpan(url)})` }];
  const destination = /^(?:https?|mailto):/i.test(url) ? plainDestination(url) : undefined;
  if (destination === undefined) return [head, { ...foot, text: "" }];
  const title = node.type === "link" ? node.title : undefined;
  return node.type === "link" && !title ? [] : [{ ...foot, text: `](${destination})` }];
}

/** `<https://…>` looks like a tag to a careless reader of the source; a bare address does not. */
function autolinkEdits(node: Link | LinkReference, url: string, source: string): readonly Edit[] {
  const text = sourceOf(source, node);
  const address = text.replaceAll(/^<|>$/g, "");
  if (isIssueUrl(url)) return [replace(node, codeSpan(address))];
  if (!text.startsWith("<")) return [];
  const destination = /^https?:/i.test(url) ? plainDestination(url) : undefined;
  return [replace(node, destination === undefined ? codeSpan(address) : `[${address}](${destination})`)];
}

function botEdit(node: Nodes, { source }: Context): Edit | undefined {
  const text = sourceOf(source, node);
  const dead = withoutBotMentions(text);
  return dead === text ? undefined : replace(node, dead);
}

/**
 * Live parts become code spans. A part that only shows after character references and escapes are decoded turns its
 * whole text into code. A lone backtick is escaped: it would pair up with one of ours. What looks like the beginning
 * of a tag could be finished by the text that follows ours.
 */
function textEdits(node: Nodes, value: string, source: string): readonly Edit[] {
  const { start } = spanOf(node);
  const text = sourceOf(source, node);
  const parts = liveParts(text);
  if (parts.length === 0 && text !== value && liveParts(value).length > 0) return [replace(node, codeSpan(value))];
  const spans = parts.map((part) => ({
    start: start + part.index,
    end: start + part.index + part.text.length,
    text: codeSpan(part.shown),
  }));
  const backticks = [...text.matchAll(/(?<!\\)(?:\\\\)*`/g)].map((match) => {
    const at = start + match.index + match[0].length - 1;
    return { start: at, end: at, text: "\\" };
  });
  const tags = [...text.matchAll(/\\{0,16}<(?=[A-Za-z/!?])/g)].map((match) => ({
    start: start + match.index,
    end: start + match.index + match[0].length,
    text: "&lt;",
  }));
  return [...spans, ...backticks, ...tags];
}

function lineEdits(source: string, root: Root): readonly Edit[] {
  const code = [...visit(root)].filter(({ node }) => node.type === "code" || node.type === "inlineCode");
  const spans = code.map(({ node }) => spanOf(node));
  const edits: Edit[] = [];
  let start = 0;
  let span = 0;
  for (const line of source.split("\n")) {
    const first = start + line.search(/\S|$/);
    while (span < spans.length && (spans[span]?.end ?? 0) <= first) span += 1;
    const inside = (spans[span]?.start ?? Number.POSITIVE_INFINITY) < first;
    const guard = lineGuard(line, inside ? "code" : "text");
    if (guard) edits.push({ start: start + guard.at, end: start + guard.at, text: guard.text });
    start += line.length + 1;
  }
  return edits;
}

function replace(node: Nodes, text: string): Edit {
  return { ...spanOf(node), text };
}
