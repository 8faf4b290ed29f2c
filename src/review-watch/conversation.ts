import type { FeedbackEntry, FeedbackItem, Surface } from "../orchestrator/domain/feedback.ts";
import type { Actor } from "../orchestrator/domain/trigger.ts";
import { cleanText } from "../text/clean-text.ts";
import { type FeedbackContext, type Judgement, judgeWriting, type LeftOutReason, type Writing } from "./who-counts.ts";

/** Something on the pull request that the agent does not see, for the input receipt. */
export interface LeftOutFeedback {
  readonly surface: Surface;
  /** Id of the thread comment, review or conversation comment. */
  readonly id: number;
  readonly author: Actor | undefined;
  readonly reason: LeftOutReason;
}

/** What was written in one place, judged and cleaned. */
export interface Conversation {
  /** Undefined when nobody whose words count said anything. */
  readonly feedback: Feedback | undefined;
  readonly leftOut: readonly LeftOutFeedback[];
  readonly removed: number;
}

export interface Feedback {
  /** As an item tells it; `by` is the first whose words count. */
  readonly said: Pick<FeedbackItem, "by" | "from" | "version" | "entries">;
  /** The writings that count, not ours. */
  readonly counted: readonly Writing[];
  readonly admitted: "by a writer" | "by right";
}

/** Enough of a long thread: its beginning and its newest entries. */
const maxEntries = 40;

interface Judged {
  readonly writing: Writing;
  readonly judgement: Judgement;
}

/**
 * Judges what was written in one thread, body or comment. What shows nothing once hidden text is taken out does not
 * count. Our own words are among the entries and change nothing else.
 */
export function converse(writings: readonly Writing[], context: FeedbackContext): Conversation {
  const clean = createCleaner();
  const judged = writings
    .toSorted((a, b) => a.visibleAt - b.visibleAt || a.id - b.id)
    .map((writing) => ({ writing, judgement: judgeWriting(writing, context) }))
    .filter(({ writing }) => writing.body.trim() !== "");
  const counted = judged.flatMap(({ writing, judgement }) =>
    judgement.kind === "counts" && clean(writing).text !== "" ? [{ writing, judgement }] : [],
  );
  const shown = judged.filter(
    (one) => one.judgement.kind === "ours" || counted.some(({ writing }) => writing === one.writing),
  );
  const kept = shown.length <= maxEntries ? shown : [...shown.slice(0, 1), ...shown.slice(1 - maxEntries)];
  const first = counted[0];
  const leftOut = [
    ...judged.flatMap(({ writing, judgement }) =>
      judgement.kind === "left_out" ? [leave(writing, judgement.reason)] : [],
    ),
    ...counted
      .filter(({ writing }) => !kept.some((one) => one.writing === writing))
      .map(({ writing }) => leave(writing, "cut: too many")),
  ];
  if (!first) return { feedback: undefined, leftOut, removed: 0 };
  return {
    feedback: {
      said: {
        by: first.judgement.author,
        from: first.judgement.from,
        version: newestOf(counted.map(({ judgement }) => judgement.version)),
        entries: kept.flatMap((one) => entryOf(one, clean)),
      },
      counted: counted.map(({ writing }) => writing),
      admitted: first.judgement.admitted,
    },
    leftOut,
    removed: kept.reduce((sum, { writing }) => sum + clean(writing).removed, 0),
  };
}

/** A line of what was left out and why. */
export function leave({ surface, id, author }: Writing, reason: LeftOutReason): LeftOutFeedback {
  return { surface, id, author, reason };
}

function entryOf({ writing, judgement }: Judged, clean: Cleaner): readonly FeedbackEntry[] {
  if (judgement.kind === "left_out") return [];
  const at = judgement.kind === "counts" ? judgement.at : writing.visibleAt;
  return [{ author: judgement.author, at, body: clean(writing).text }];
}

function newestOf(versions: readonly string[]): string {
  return versions.toSorted().at(-1) ?? "";
}

type Cleaner = (writing: Writing) => { readonly text: string; readonly removed: number };

/** Cleaning is the expensive part: once per writing. */
function createCleaner(): Cleaner {
  const cleaned = new Map<Writing, ReturnType<Cleaner>>();
  return (writing) => {
    const known = cleaned.get(writing);
    if (known) return known;
    const { text, removed } = cleanText(writing.body);
    const result = { text: text.trim(), removed };
    cleaned.set(writing, result);
    return result;
  };
}
