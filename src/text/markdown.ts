import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

/** A replacement of `start`–`end` (offsets in the source) by `text`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A node with the phrasing block (paragraph, heading, cell) it stands in. */
export interface Visited {
  readonly node: Nodes;
  readonly block: Nodes | undefined;
}

/**
 * Emphasis is left unparsed: nothing here needs it, and thousands of unbalanced stars cost the parser a minute.
 * The tree transforms of the GFM extensions are left out because the nodes they make have no position.
 */
const syntax = [gfm(), { disable: { null: ["attention", "strikethrough"] } }];
const treeBuilders = gfmFromMarkdown().map(({ transforms: _unused, ...builder }) => builder);

/** Parses GitHub flavoured Markdown without emphasis. Ask {@link isTooComplex} first: some inputs take minutes. */
export function parseMarkdown(text: string): Root {
  return fromMarkdown(text, { extensions: syntax, mdastExtensions: treeBuilders });
}

/** All nodes in document order. Not recursive: a hostile text nests deeper than the stack. */
export function* visit(root: Root): Generator<Visited> {
  const stack: Visited[] = [{ node: root, block: undefined }];
  for (let next = stack.pop(); next; next = stack.pop()) {
    yield next;
    if (!("children" in next.node)) continue;
    const block = isPhrasingBlock(next.node) ? next.node : next.block;
    for (const child of next.node.children.toReversed()) stack.push({ node: child, block });
  }
}

/** Offsets of a node in its source. */
export function spanOf(node: Nodes): { readonly start: number; readonly end: number } {
  const start = node.position?.start.offset;
  const end = node.position?.end.offset;
  if (start === undefined || end === undefined) throw new Error(`Markdown node without position: ${node.type}`);
  return { start, end };
}

/** The source text of a node. */
export function sourceOf(source: string, node: Nodes): string {
  const { start, end } = spanOf(node);
  return source.slice(start, end);
}

/** Applies edits from left to right; an edit inside an earlier or larger one is dropped. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const parts: string[] = [];
  let at = 0;
  for (const edit of ordered) {
    if (edit.start < at) continue;
    parts.push(source.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return parts.join("") + source.slice(at);
}

/** The edit that keeps only a plain language name of a code block's info string, if there is more. */
export function infoEdit(source: string, node: Nodes & { readonly type: "code" }): Edit | undefined {
  const { start } = spanOf(node);
  const opening = /^(`{3,}|~{3,})([^\n]*)/.exec(sourceOf(source, node));
  if (!opening?.[1] || opening[2] === undefined) return undefined;
  const language = /^[\w+#.-]{1,30}$/.test(node.lang ?? "") ? (node.lang ?? "") : "";
  if (opening[2].trim() === language) return undefined;
  const infoStart = start + opening[1].length;
  return { start: infoStart, end: infoStart + opening[2].length, text: language };
}

/** Where link labels lead: the first definition of a label counts. */
export function definitionsOf(root: Root): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const { node } of visit(root)) {
    if (node.type === "definition" && !urls.has(node.identifier)) urls.set(node.identifier, node.url);
  }
  return urls;
}

/** A destination as it may stand between parentheses, or undefined when it is no plain URL or path. */
export function plainDestination(url: string): string | undefined {
  if (url.length > 2000 || !/^[^\s<>\\"'`[\]]+$/u.test(url)) return undefined;
  return /[()]/.test(url) ? `<${url}>` : url;
}

function isPhrasingBlock(node: Nodes): boolean {
  return node.type === "paragraph" || node.type === "heading" || node.type === "tableCell";
}
