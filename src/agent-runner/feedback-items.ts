import { promptError, requireFence } from "./render-prompt.ts";

/** Something a round is to look at. */
export interface FeedbackItem {
  readonly id: string;
  readonly surface: "thread" | "review_body" | "comment";
  readonly by: Author;
  readonly owed: "answer" | "context";
  /** In order, ours among them. */
  readonly entries: readonly Entry[];
  readonly place?:
    | { readonly path: string; readonly line: number | undefined; readonly hunk: string; readonly outdated: boolean }
    | undefined;
}

interface Author {
  readonly id: number;
  readonly login: string;
  readonly type: string;
}

interface Entry {
  readonly author: Author;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly body: string;
}

/** Bounds, in characters. What is cut says so in its place. */
const longestEntry = 6_000;
const longestHunk = 2_500;
const longestThread = 16_000;
const longestInShort = 300;
const mostForOwed = 200_000;
const mostForContext = 30_000;

interface Frame {
  readonly selfId: number;
  readonly fence: string;
}

/**
 * All items of a round: every one that wants an answer, if need be in short, and of the rest the newest that there is
 * room for. Each text of people stands between fences of its own, so that none can speak as somebody else.
 */
export function itemsText(
  { items, selfId }: { readonly items: readonly FeedbackItem[]; readonly selfId: number },
  fence: string,
): string {
  requireFence(
    fence,
    items.flatMap(({ entries, place }) => [...entries.map(({ body }) => body), place?.path ?? "", place?.hunk ?? ""]),
  );
  const frame = { selfId, fence };
  const owed = items.filter((item) => item.owed === "answer");
  const context = items.filter((item) => item.owed === "context");
  const owedTexts = withinBounds(owed, {
    most: mostForOwed,
    full: (item) => fullText(item, frame),
    short: (item) => shortText(item, frame),
  });
  const contextTexts = withinBounds(context, {
    most: mostForContext,
    full: (item) => fullText(item, frame),
    short: () => "",
  });
  const left = contextTexts.filter((text) => text === "").length;
  return [
    "## Wants an answer",
    ...owedTexts,
    ...(context.length > 0
      ? ["## Only to know: no answer is wanted", ...contextTexts.filter((text) => text !== "")]
      : []),
    ...(left > 0 ? [`(${left} older ones are left out.)`] : []),
  ].join("\n\n");
}

/** Ids stand outside the fences, so they must be what we made them from: letters and numbers. */
export function requireId(id: string): string {
  if (!/^[A-Za-z0-9][\w-]{0,99}$/.test(id)) throw promptError("the id of an item is not one of ours");
  return id;
}

interface Bounds {
  readonly most: number;
  readonly full: (item: FeedbackItem) => string;
  readonly short: (item: FeedbackItem) => string;
}

/** In the order given, in full for the newest, until there is no more room. */
function withinBounds(items: readonly FeedbackItem[], { most, full, short }: Bounds): readonly string[] {
  const texts = new Map(items.map((item) => [item, short(item)]));
  let used = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
  for (const item of items.toSorted((a, b) => newest(b) - newest(a))) {
    const whole = full(item);
    const more = whole.length - (texts.get(item) ?? "").length;
    if (used + more > most) continue;
    used += more;
    texts.set(item, whole);
  }
  return [...texts.values()];
}

function newest({ entries }: FeedbackItem): number {
  return Math.max(0, ...entries.map(({ at }) => at));
}

function fullText(item: FeedbackItem, frame: Frame): string {
  const { entries } = item;
  const shown = threadWithin(entries);
  const left = entries.length - shown.length;
  const [first, ...rest] = shown.map((entry) => entryText(entry, frame, longestEntry));
  const gap = left > 0 ? [`(${left} entries between are left out.)`] : [];
  return [
    heading(item),
    ...placeText(item, frame, longestHunk),
    ...(first === undefined ? [] : [first]),
    ...gap,
    ...rest,
  ].join("\n\n");
}

/** The first entry, which raised it, and the newest that there is room for. */
function threadWithin(entries: readonly Entry[]): readonly Entry[] {
  const [first, ...rest] = entries;
  if (!first) return [];
  const kept: Entry[] = [];
  let used = Math.min(first.body.length, longestEntry);
  for (const entry of rest.toReversed()) {
    used += Math.min(entry.body.length, longestEntry);
    if (used > longestThread && kept.length > 0) break;
    kept.unshift(entry);
  }
  return [first, ...kept];
}

function shortText(item: FeedbackItem, frame: Frame): string {
  const last = item.entries.at(-1);
  const said = last ? [entryText(last, frame, longestInShort)] : [];
  const notice = "(In short, since there is much feedback: only the newest entry.)";
  return [heading(item), notice, ...placeText(item, frame, 0), ...said].join("\n\n");
}

const surfaces = { thread: "a review thread", review_body: "the body of a review", comment: "a comment" } as const;

function heading({ id, by, surface }: FeedbackItem): string {
  return `### \`${requireId(id)}\`\n\nIn ${surfaces[surface]}, raised by ${named(by)}.`;
}

function placeText({ place }: FeedbackItem, { fence }: Frame, mostOfHunk: number): readonly string[] {
  if (!place) return [];
  const { path, line, outdated } = place;
  const where = line === undefined ? "At a line that is no longer part of the change" : `At line ${line}`;
  const state = outdated ? ", which has changed since" : "";
  const isShown = mostOfHunk > 0 && place.hunk.trim() !== "";
  const stood = !isShown ? "" : "; the reviewer stood on the last line of what follows";
  const hunk = !isShown ? "" : `\n${endOf(place.hunk.trimEnd(), mostOfHunk)}`;
  return [`${where}${state}${stood}:`, `${fence}\nFile: ${path.slice(0, 1000)}${hunk}\n${fence}`];
}

function entryText({ author, at, body }: Entry, { selfId, fence }: Frame, most: number): string {
  const who = author.id === selfId ? "You, earlier" : named(author);
  const text = body.trim();
  const cut =
    text.length > most
      ? `${text.slice(0, most).toWellFormed()}\n(cut here: ${text.length - most} more characters)`
      : text;
  return `${who}, ${new Date(at).toISOString()}:\n\n${fence}\n${cut}\n${fence}`;
}

/** Logins are letters, digits and dashes; a bot's has brackets. Whatever else there is, is not part of a name. */
function named({ login, type }: Author): string {
  return `${login.replace(/[^\w[\]-]/g, "")} (${type === "Bot" ? "bot" : "person"})`;
}

/** A reviewer stands on the last line of a hunk. */
function endOf(hunk: string, most: number): string {
  return hunk.length > most
    ? `(cut: ${hunk.length - most} characters before this)\n${hunk.slice(-most).toWellFormed()}`
    : hunk;
}
