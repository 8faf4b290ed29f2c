import type { FeedbackEntry, FeedbackItem, Surface } from "../orchestrator/domain/feedback.ts";
import type { Actor } from "../orchestrator/domain/trigger.ts";
import { cleanText } from "../text/clean-text.ts";
import { isTooComplex } from "../text/complexity.ts";
import { type Stripped, stripInvisible } from "../text/invisible.ts";
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

/** Enough of a long thread: its beginning and its newest entries. Of what is done with, the beginning and the end. */
const mostEntries = { open: 12, done: 2 };

interface Judged {
  readonly writing: Writing;
  readonly judgement: Judgement;
}

/** What is judged together. */
export interface Place {
  readonly writings: readonly Writing[];
  /** Nobody is going to be shown more than a glance at what is done with. */
  readonly state: "open" | "done";
}

/**
 * Judges what was written in one thread, body or comment. What shows nothing once hidden text is taken out does not
 * count. Our own words are among the entries and change nothing else. Only what is needed is cleaned: three hundred
 * threads of a hundred comments each must not hold up the process.
 */
export function converse({ writings, state }: Place, context: FeedbackContext): Conversation {
  const clean = createCleaner();
  const judged = writings
    .filter(({ body }) => body.trim() !== "")
    .toSorted((a, b) => a.visibleAt - b.visibleAt || a.id - b.id)
    .map((writing) => ({ writing, judgement: judgeWriting(writing, context) }));
  const counted = judged.flatMap(({ writing, judgement }) =>
    judgement.kind === "counts" ? [{ writing, ...judgement }] : [],
  );
  const isVisible = ({ writing }: { readonly writing: Writing }) => clean(writing).text !== "";
  const first = counted.find(isVisible);
  const newest = counted.toSorted((a, b) => (a.version < b.version ? 1 : -1)).find(isVisible);
  const leftOut = judged.flatMap(({ writing, judgement }) =>
    judgement.kind === "left_out" ? [leave(writing, judgement.reason)] : [],
  );
  if (!first || !newest) return { feedback: undefined, leftOut, removed: 0 };
  const talk = judged.filter(({ judgement }) => judgement.kind !== "left_out");
  const { kept, cut } = keepEnds(talk, { isVisible, most: mostEntries[state] });
  return {
    feedback: {
      said: {
        by: first.author,
        from: first.from,
        version: newest.version,
        entries: kept.flatMap((one) => entryOf(one, clean)),
      },
      counted: counted.map(({ writing }) => writing),
      admitted: first.admitted,
    },
    leftOut: [...leftOut, ...cut.map(({ writing }) => leave(writing, "cut: too many"))],
    removed: kept.reduce((sum, { writing }) => sum + clean(writing).removed, 0),
  };
}

/** The first entry and the newest that show something; what of others lies between is cut. */
function keepEnds(
  talk: readonly Judged[],
  { isVisible, most }: { readonly isVisible: (one: Judged) => boolean; readonly most: number },
): { readonly kept: readonly Judged[]; readonly cut: readonly Judged[] } {
  const start = talk.findIndex(isVisible);
  const ending: Judged[] = [];
  let at = talk.length - 1;
  for (; at > start && ending.length < most - 1; at -= 1) {
    const one = talk[at];
    if (one && isVisible(one)) ending.unshift(one);
  }
  const between = talk.slice(start + 1, at + 1);
  return {
    kept: [...talk.slice(start, start + 1), ...ending],
    cut: between.filter(({ judgement }) => judgement.kind === "counts"),
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

type Cleaner = (writing: Writing) => { readonly text: string; readonly removed: number };

/** Cleaning is the expensive part: once per writing. */
function createCleaner(): Cleaner {
  const cleaned = new Map<Writing, ReturnType<Cleaner>>();
  return (writing) => {
    const known = cleaned.get(writing);
    if (known) return known;
    const { text, removed } = cleanFast(writing.body);
    const result = { text: text.trim(), removed };
    cleaned.set(writing, result);
    return result;
  };
}

/** Text without any sign that can begin something hidden needs no parser, which is most of the time spent here. */
export function cleanFast(body: string): Stripped {
  const isPlain = !/[<[&|]|`{3}|~{3}/.test(body) && !isTooComplex(body);
  return isPlain ? stripInvisible(body) : cleanText(body);
}
