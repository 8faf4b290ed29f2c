/**
 * Words that GitHub or a bot acts upon when they stand in published text (security.md T33). Each pattern takes the
 * backslashes before it along, so that a code span put in its place is not undone by one of them. Repetitions are
 * bounded, or a text of one long word would cost its length squared.
 */
const issueUrl =
  /\\{0,16}(?:https?:\/\/)?(?:www\.)?[\w.:-]{1,253}\/[\w.-]{1,100}\/[\w.-]{1,100}\/(?:issues|pull|pulls|discussions|commit)\/[\w-]+[^\s<>`)\]]*/;
const reference = /\\{0,16}(?:[\w.-]{1,100}(?:\/[\w.-]{1,100})?)?\\{0,16}(?<!&)#\d+/;
const commitReference = /\\{0,16}[\w.-]{1,100}\/[\w.-]{1,100}@[0-9a-f]{7,40}\b/;
const shortReference = /\\{0,16}(?<![A-Za-z0-9])GH-\d+/;
const mention =
  /\\{0,16}(?:(?<![A-Za-z0-9])|(?<=@[\w.+-]{1,100}))@[A-Za-z0-9](?:[\w-]{0,100}[A-Za-z0-9])?(?:\[bot\])?(?:\/[A-Za-z0-9](?:[\w.-]{0,100}[A-Za-z0-9])?)?/;
const live = new RegExp(
  [issueUrl, commitReference, reference, shortReference, mention].map((p) => p.source).join("|"),
  "gi",
);

/** Bots that read commands out of any text, code included. A name alone wakes nobody. */
const botMention =
  /@(?=(?:dependabot|renovate|renovatebot|coderabbitai|mergify|mergifyio|bors|rustbot|copilot|claude|codex|cursor|greptileai|gemini-code-assist|sourcery-ai|github-actions)\b)/gi;

/** Commands without a sign in front. */
const wordCommand = /^([ \t>]*)((?:bors|homu)[: ]|recheck\b|retest this please|ok to test|add to whitelist)/i;

/** CI of several makers skips a commit or pull request with one of these in its message. */
const skipMarker = /\[((?:skip|no) (?:ci|actions)|(?:ci|actions) skip)\]/gi;

/** A stretch of text that would do something. */
export interface LivePart {
  readonly index: number;
  readonly text: string;
  /** The same without leading backslashes. */
  readonly shown: string;
}

/** Mentions, references to issues and commits, and URLs of issues. */
export function liveParts(text: string): readonly LivePart[] {
  return [...text.matchAll(live)].map((match) => ({
    index: match.index,
    text: match[0],
    shown: match[0].replaceAll("\\", ""),
  }));
}

/** Takes the sign from mentions of bots, for text inside code where nothing else is live. */
export function withoutBotMentions(text: string): string {
  return text.replace(botMention, "");
}

/** Whether an address leads to an issue, pull request or commit, which would get a cross-reference from us. */
export function isIssueUrl(url: string): boolean {
  return new RegExp(`^${issueUrl.source}`, "i").test(url);
}

/** What to put before a line so that no bot reads it as its command; undefined when it is an ordinary line. */
export function lineGuard(
  line: string,
  within: "text" | "code",
): { readonly at: number; readonly text: string } | undefined {
  const slash = /^[ \t]*(?=\/)/.exec(line);
  if (slash) return { at: slash[0].length, text: within === "text" ? "\\" : "· " };
  const word = wordCommand.exec(line);
  return word ? { at: (word[1] ?? "").length, text: "· " } : undefined;
}

/** The line with its guard, if it needs one. */
export function guardLine(line: string, within: "text" | "code"): string {
  const guard = lineGuard(line, within);
  return guard ? line.slice(0, guard.at) + guard.text + line.slice(guard.at) : line;
}

/** The same for places without Markdown (titles, commit messages), where a code span protects from nothing. */
export function deadText(text: string): string {
  const dead = text.replace(skipMarker, "($1)").replace(live, (part) => deadPart(part.replaceAll("\\", "")));
  return dead
    .split("\n")
    .map((line) => guardLine(line, "code"))
    .join("\n");
}

function deadPart(part: string): string {
  if (part.startsWith("@")) return part.slice(1);
  if (/^GH-/i.test(part)) return `GH ${part.slice(3)}`;
  if (/#\d+$/.test(part) && !part.includes("://")) return part.replace(/#(\d+)$/, " no. $1").trimStart();
  if (/@[0-9a-f]+$/i.test(part)) return part.replace("@", " at ");
  return part.replace(/^https?:\/\//i, "");
}
