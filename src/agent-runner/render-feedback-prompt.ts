import { readFileSync } from "node:fs";
import { type FeedbackItem, itemsText, requireId } from "./feedback-items.ts";
import { commonValues, fill, type PromptParts, requireFence } from "./render-prompt.ts";

/** What the prompt of a round over feedback has besides. Texts of people are plain data, cleaned of hidden text. */
export interface FeedbackRound {
  readonly number: number;
  readonly pullRequest: number;
  /** Account id of the app. */
  readonly selfId: number;
  readonly items: readonly FeedbackItem[];
  readonly earlier: readonly EarlierAnswer[];
  readonly answered: readonly { readonly id: string; readonly answer: string; readonly text: string }[];
  readonly missing: readonly { readonly id: string; readonly why: string }[];
  /** Why the last try's result file was of no use. */
  readonly note: string | undefined;
}

/** How an earlier round answered an item. */
export interface EarlierAnswer {
  readonly id: string;
  readonly round: number;
  readonly by: string;
  readonly path: string | undefined;
  readonly excerpt: string;
  readonly answer: string;
  readonly text: string;
}

const template = readFileSync(new URL("./prompts/address-feedback.md", import.meta.url), "utf8");
const mostEarlier = 60;
const longestLine = 300;

/**
 * The prompt of a round over feedback. Throws like {@link commonValues}, and for ids that are not ours.
 */
export function renderFeedbackPrompt(parts: PromptParts & { readonly round: FeedbackRound }): string {
  const { round, fence } = parts;
  const owed = round.items.filter((item) => item.owed === "answer").map(({ id }) => `\`${requireId(id)}\``);
  const earlier = earlierText(round.earlier);
  const answered = round.answered.map(({ id, answer, text }) => oneLine(`${id}: ${answer}. ${text}`)).join("\n");
  const note = oneLine(round.note ?? "");
  requireFence(fence, [earlier, answered, note]);
  const fenced = (text: string) => text && `${fence}\n${text}\n${fence}`;
  return fill(template, {
    ...commonValues(parts),
    round: String(round.number),
    pullRequest: String(round.pullRequest),
    owed: owed.join(", "),
    earlier: earlier && `\n# What earlier rounds answered\n\n${fenced(earlier)}\n`,
    sentBack: sentBack(round.missing, fenced(answered), fenced(note)),
    items: itemsText(round, fence),
  }).trimStart();
}

/** The newest, oldest of them first. */
function earlierText(rows: readonly EarlierAnswer[]): string {
  const shown = rows.slice(-mostEarlier);
  const left = rows.length - shown.length;
  const lines = shown.map(({ id, round, by, path, excerpt, answer, text }) =>
    oneLine(
      `- Round ${round}, ${id} by ${by}${path === undefined ? "" : ` on ${path}`}: "${excerpt}" – ${answer}. ${text}`,
    ),
  );
  return [...(left > 0 ? [`(${left} older ones are left out.)`] : []), ...lines].join("\n");
}

/** The agent begins anew with every try; its files are what it left. */
function sentBack(missing: FeedbackRound["missing"], answered: string, note: string): string {
  if (missing.length === 0 && answered === "") return "";
  const gaps = missing.map(({ id, why }) => `- \`${requireId(id)}\`: ${why}`);
  return [
    "",
    "# Your last try",
    "",
    "You have worked on this round before, and the files are as you left them.",
    ...(note === "" ? [] : ["", "Something was wrong with it:", "", note]),
    ...(answered === "" ? [] : ["", "These answers of yours stand, unless you give others:", "", answered]),
    ...(gaps.length === 0 ? [] : ["", "These items still need an answer of yours in the result file:", "", ...gaps]),
    "",
  ].join("\n");
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longestLine ? `${line.slice(0, longestLine).toWellFormed()} (cut)` : line;
}
