import type { Image, ImageReference, Link, LinkReference, Nodes, Root, TableRow } from "mdast";
import { isTooComplex } from "./complexity.ts";
import { createHtmlReader } from "./html.ts";
import { isInvisible, type Stripped, stripInvisible } from "./invisible.ts";
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

/** Stands for a text whose markup cannot be judged in reasonable time. */
export const unreadableText = "(This text was left out: its markup is too tangled to show safely.)";

const maxPasses = 6;

/**
 * Reduces a text from GitHub to what a person sees there, for the agent (security.md T13): no invisible characters,
 * no comments, no tags, no hidden elements, no alternative texts, titles, link labels or surplus table cells. Visible
 * words and code stay as they are. Idempotent. A text that keeps hiding things after six passes, or that would keep
 * the parser busy for too long, is left out as a whole.
 *
 * @returns the text, and how many characters and elements were removed.
 */
export function cleanText(text: string): Stripped {
  let current = stripInvisible(text);
  for (let pass = 0; pass < maxPasses; pass += 1) {
    if (isTooComplex(current.text)) break;
    const next = removeHidden(current.text);
    if (next.text === current.text) return current;
    current = { text: next.text, removed: current.removed + next.removed };
  }
  return { text: unreadableText, removed: current.removed + [...current.text].length };
}

/** One pass. Removing something can let its surroundings become markup, hence the passes. */
function removeHidden(source: string): Stripped {
  const root = parseMarkdown(source);
  const html = htmlEdits(source, root);
  const context: Context = { source, urls: definitionsOf(root), footnotes: footnotesUsed(root) };
  const edits = [...visit(root)].flatMap(({ node, block }) => editsFor(node, block, context));
  return { text: applyEdits(source, [...html.edits, ...edits]), removed: html.removed + edits.length };
}

interface Context {
  readonly source: string;
  readonly urls: ReadonlyMap<string, string>;
  readonly footnotes: ReadonlySet<string>;
}

function editsFor(node: Nodes, block: Nodes | undefined, context: Context): readonly Edit[] {
  switch (node.type) {
    case "definition":
      return [replace(node, "")];
    case "footnoteDefinition":
      return context.footnotes.has(node.identifier) ? [] : [replace(node, "")];
    case "link":
    case "linkReference":
      return linkEdits(node, context);
    case "image":
    case "imageReference":
      return imageEdits(node, context);
    case "code":
      return [infoEdit(context.source, node)].filter((edit) => edit !== undefined);
    case "table":
      return node.children.flatMap((row) => surplusCells(row, node.children[0]?.children.length ?? 0));
    case "text":
      return textEdits(node, block, context.source);
    default:
      return [];
  }
}

/** A link keeps its words and its address; a reference becomes an ordinary link, since its label is hidden text. */
function linkEdits(node: Link | LinkReference, { source, urls }: Context): readonly Edit[] {
  const { start, end } = spanOf(node);
  if (!source.startsWith("[", start)) return [];
  const last = node.children.at(-1);
  const first = node.children[0];
  if (!first || !last || source.slice(spanOf(first).start, spanOf(last).end).trim() === "") return [replace(node, "")];
  const destination = plainDestination(node.type === "link" ? node.url : (urls.get(node.identifier) ?? ""));
  if (node.type === "link" && !node.title && destination !== undefined) return [];
  return [{ start: spanOf(last).end, end, text: destination === undefined ? "]" : `](${destination})` }];
}

function imageEdits(node: Image | ImageReference, { urls }: Context): readonly Edit[] {
  const destination = plainDestination(node.type === "image" ? node.url : (urls.get(node.identifier) ?? ""));
  if (destination === undefined) return [replace(node, "(image)")];
  if (node.type === "image" && !node.alt && !node.title) return [];
  return [replace(node, `![](${destination})`)];
}

/** Cells beyond the header's columns are not rendered. */
function surplusCells(row: TableRow, columns: number): readonly Edit[] {
  const surplus = row.children[columns];
  return surplus ? [{ start: spanOf(surplus).start, end: spanOf(row).end, text: "" }] : [];
}

const characterReference = /&(?:#[xX]([0-9a-fA-F]{1,6})|#(\d{1,7})|([A-Za-z]{2,24}));/g;
const invisibleNames = new Set(
  "shy zwj zwnj lrm rlm NoBreak ZeroWidthSpace NegativeVeryThinSpace NegativeThinSpace NegativeMediumSpace NegativeThickSpace ApplyFunction af InvisibleTimes it InvisibleComma ic".split(
    " ",
  ),
);

/** Spelled-out invisible characters go; an unfinished comment takes the rest of its paragraph with it. */
function textEdits(node: Nodes, block: Nodes | undefined, source: string): readonly Edit[] {
  const { start } = spanOf(node);
  const text = sourceOf(source, node);
  const comment = text.indexOf("<!--");
  const opened = comment === -1 ? [] : [{ start: start + comment, end: spanOf(block ?? node).end, text: "" }];
  const spelled = [...text.matchAll(characterReference)]
    .filter(([, hex, decimal, name]) =>
      name ? invisibleNames.has(name) : isInvisible(hex ? Number.parseInt(hex, 16) : Number(decimal)),
    )
    .map((match) => ({ start: start + match.index, end: start + match.index + match[0].length, text: "" }));
  return [...opened, ...spelled];
}

/** Replaces each piece of HTML by its visible text, and removes the Markdown that a hidden element encloses. */
function htmlEdits(source: string, root: Root): { readonly edits: readonly Edit[]; readonly removed: number } {
  const reader = createHtmlReader(source);
  const edits: Edit[] = [];
  let removed = 0;
  let end = 0;
  for (const { node } of visit(root)) {
    if (node.type !== "html") continue;
    const span = spanOf(node);
    if (reader.hides()) edits.push({ start: end, end: span.start, text: "" });
    const visible = reader.read(node.value);
    // Within a quote or list the source has markers that the value lacks: one line keeps them right.
    const inContainer = sourceOf(source, node) !== node.value;
    edits.push({ ...span, text: inContainer ? visible.text.replaceAll(/\s*\n\s*/g, " ") : visible.text });
    removed += visible.removed;
    end = span.end;
  }
  if (reader.hides()) edits.push({ start: end, end: source.length, text: "" });
  return { edits, removed };
}

function footnotesUsed(root: Root): ReadonlySet<string> {
  const used = new Set<string>();
  for (const { node } of visit(root)) if (node.type === "footnoteReference") used.add(node.identifier);
  return used;
}

function replace(node: Nodes, text: string): Edit {
  return { ...spanOf(node), text };
}
