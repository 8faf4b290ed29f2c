import type { Root } from "mdast";
import { cleanText } from "../text/clean-text.ts";
import { isTooComplex } from "../text/complexity.ts";
import { parseMarkdown } from "../text/markdown.ts";

/**
 * Whether a comment mentions the app (`@slug` or `@slug[bot]`) in words of its own: not in a quote, in code, in hidden
 * text, or as part of a longer name.
 */
export function mentions(body: string, slug: string): boolean {
  const { text } = cleanText(body);
  if (!text.toLowerCase().includes(`@${slug.toLowerCase()}`) || isTooComplex(text)) return false;
  const name = slug.replaceAll(/[^A-Za-z0-9-]/g, "");
  const mention = new RegExp(`(?<![\\w@.-])@${name}(?![\\w/-])`, "i");
  return ownTexts(parseMarkdown(text)).some((words) => mention.test(words));
}

function ownTexts(root: Root): readonly string[] {
  const texts: string[] = [];
  const stack: Root["children"][number][] = [...root.children];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.type === "blockquote") continue;
    if (node.type === "text") texts.push(node.value);
    else if ("children" in node) stack.push(...node.children);
  }
  return texts;
}
