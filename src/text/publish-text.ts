import { isTooComplex } from "./complexity.ts";
import { makeInert } from "./inert-markdown.ts";
import { deadText, guardLine, withoutBotMentions } from "./live-text.ts";
import { stripAnsi } from "./terminal.ts";
import { cutCode, cutMarkdown, cutText } from "./truncate.ts";

export { fencedBlock } from "./code-block.ts";

/** GitHub takes 65,536 characters; the rest is room for our own frame around the text (security.md T34). */
const maxCodePoints = 60_000;
const maxPasses = 8;

/**
 * Makes agent text fit to be published on GitHub as Markdown (security.md T33, T34): nobody is mentioned, no issue is
 * referenced or closed, nothing is loaded, no HTML, no command for a bot. What would be live is shown as code. Fences
 * are balanced. What cannot be made inert within a few passes is shown as one code block.
 *
 * @param limit most code points of the result, notice included
 */
export function publishText(text: string, limit = maxCodePoints): string {
  const plain = stripAnsi(text).trim();
  const short = cutText(plain, limit * 2);
  const inert = inertMarkdown(short);
  const alreadyCut = short === plain ? "no" : "yes";
  return inert === undefined ? cutCode(deadLines(short), limit) : cutMarkdown(inert, { limit, alreadyCut });
}

/**
 * One line for titles, table cells and code spans: no mention, reference, command, backtick, HTML, image or link, and
 * at most `max` code points, cut with an ellipsis.
 */
export function oneLine(text: string, max: number): string {
  const line = stripAnsi(text).replaceAll(/\s+/g, " ").trim();
  const inert = deadText(cutText(line, max * 2))
    .replaceAll("`", "'")
    .replaceAll(/<(?=[A-Za-z/!?])/g, "‹")
    .replaceAll("![", "! [")
    .replaceAll("](", "] (");
  return cutText(inert, max);
}

/**
 * Text for places without Markdown, such as the body of a commit message. Lines that would count as trailers of the
 * commit become list items, so that nobody but us signs or credits anything.
 */
export function plainText(text: string, limit = maxCodePoints): string {
  const lines = deadText(stripAnsi(text).trim())
    .split("\n")
    .map((line) => (/^[A-Za-z][A-Za-z0-9-]*\s*:(?:\s|$)/.test(line) ? `- ${line}` : line));
  return cutText(lines.join("\n").replaceAll(/\n{3,}/g, "\n\n"), limit);
}

/** Undefined when the text does not come to rest. */
function inertMarkdown(text: string): string | undefined {
  let current = text;
  for (let pass = 0; pass < maxPasses && !isTooComplex(current); pass += 1) {
    const next = makeInert(current);
    if (next === current) return current.trim();
    current = next;
  }
  return undefined;
}

/** For a text that will stand in a code block: only bots that read everything matter there. */
function deadLines(text: string): string {
  const lines = withoutBotMentions(text).split("\n");
  return lines.map((line) => guardLine(line, "code")).join("\n");
}
