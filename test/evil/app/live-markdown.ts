import type { Nodes, Root } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";

/** A text as it stands in GitHub, and how GitHub reads it. Written without the code that makes texts harmless. */
export interface Published {
  readonly where: string;
  readonly kind: "markdown" | "plain";
  readonly text: string;
}

/** Words that are read as words: in Markdown those outside code, in plain places all. */
export function spoken({ kind, text }: Published): string {
  if (kind === "plain") return text;
  return nodesIn(parse(text))
    .flatMap((node) => (node.type === "text" ? [node.value] : node.type === "link" ? [` ${node.url} `] : []))
    .join("\n");
}

/** The nodes of a text of some types; none in plain places. */
export function nodesOf(published: Published, ...types: readonly Nodes["type"][]): readonly Nodes[] {
  if (published.kind === "plain") return [];
  return nodesIn(parse(published.text)).filter(({ type }) => types.includes(type));
}

/** The words of all headings. */
export function headingsOf(published: Published): readonly string[] {
  return nodesOf(published, "heading").map(wordsOf);
}

/** What stands below headings with these words, quotations and the like left out. */
export function sectionOf({ kind, text }: Published, heading: string): string {
  if (kind === "plain") return "";
  let isBelow = false;
  const words: string[] = [];
  for (const node of parse(text).children) {
    if (node.type === "heading") isBelow = wordsOf(node) === heading;
    else if (isBelow && node.type !== "blockquote") words.push(wordsOf(node));
  }
  return words.join("\n");
}

function wordsOf(node: Nodes): string {
  const words = nodesIn(node).map((one) => ("value" in one ? one.value : ""));
  return words.join("");
}

function parse(text: string): Root {
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
}

function nodesIn(node: Nodes): readonly Nodes[] {
  return "children" in node ? [node, ...node.children.flatMap(nodesIn)] : [node];
}
