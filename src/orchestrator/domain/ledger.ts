import type { Answer, FeedbackItem, LedgerRow } from "./feedback.ts";

/** What one round answered. */
export interface AnsweredRound {
  /** The items as the round was given them: an answer covers what was read, not what was written meanwhile. */
  readonly items: readonly FeedbackItem[];
  /** By item id. Items without an answer stay pending. */
  readonly answers: Readonly<Record<string, Answer>>;
  readonly run: string;
  readonly round: number;
}

/** Length of an excerpt in code points. */
const excerptLength = 120;

/**
 * The items somebody still waits for an answer to (product.md §4): unresolved, and with an entry newer than the ledger
 * covers, or resolved after its answer and opened again. Nothing else makes an item pending: no head, no reply of ours.
 */
export function pendingItems(items: readonly FeedbackItem[], ledger: readonly LedgerRow[]): readonly FeedbackItem[] {
  const rows = new Map(ledger.map((row) => [row.item, row]));
  return items.filter((item) => isPending(item, rows.get(item.id)));
}

function isPending(item: FeedbackItem, row: LedgerRow | undefined): boolean {
  if (item.owed === "context" || item.thread?.resolved) return false;
  return row === undefined || item.version > row.version || row.closed;
}

/**
 * Enters a round's answers, one row per item, the newest in the place of the older. Entering the same or an earlier
 * round again changes nothing.
 */
export function recordAnswers(
  ledger: readonly LedgerRow[],
  { items, answers, run, round }: AnsweredRound,
): readonly LedgerRow[] {
  const rows = new Map(ledger.map((row) => [row.item, row]));
  for (const item of items) {
    const answer = Object.hasOwn(answers, item.id) ? answers[item.id] : undefined;
    const known = rows.get(item.id);
    if (answer === undefined || (known && isCovered(known, item, round))) continue;
    // The newest entry may have been deleted since: what was covered once stays covered.
    const version = known && known.version > item.version ? known.version : item.version;
    rows.set(item.id, { ...describe(item), version, answer, run, round });
  }
  return [...rows.values()];
}

/** Between two rounds a bot may have said again what was answered: that is entered under the round before. */
function isCovered(known: LedgerRow, item: FeedbackItem, round: number): boolean {
  return known.round > round || (known.round === round && known.version >= item.version);
}

function describe(item: FeedbackItem): Omit<LedgerRow, "version" | "answer" | "run" | "round"> {
  const { id, surface, by, from, place, thread } = item;
  return {
    item: id,
    surface,
    by,
    from,
    excerpt: excerptOf(item),
    path: place?.path,
    closed: thread?.resolved ?? false,
  };
}

/**
 * Notes which answered threads were seen resolved. A thread that is open again keeps its note, so that it is pending
 * until it is answered anew.
 */
export function noteResolutions(ledger: readonly LedgerRow[], items: readonly FeedbackItem[]): readonly LedgerRow[] {
  const resolved = new Set(items.filter((item) => item.thread?.resolved).map((item) => item.id));
  return ledger.map((row) => (resolved.has(row.item) && !row.closed ? { ...row, closed: true } : row));
}

/** What the ledger is judged by, for the check. */
export interface ReviewStand {
  readonly items: readonly FeedbackItem[];
  readonly ledger: readonly LedgerRow[];
  /** Whether a round is about to start or under way. */
  readonly round: "none" | "waiting" | "running";
  /** Whether the loop breaker, or something else, asks for a person. */
  readonly stopped: "yes" | "no";
}

/** The `baton/review` check and the figures it shows. */
export interface LedgerState {
  readonly state: "in_progress" | "failure" | "success";
  readonly pending: readonly FeedbackItem[];
  /** Rows whose answer asks for a person, and no person answered since. */
  readonly needsPerson: readonly LedgerRow[];
  readonly answered: Readonly<Record<Answer["kind"], number>>;
}

/**
 * Whether all feedback is handled. Never neutral, which would satisfy a required check: feedback that no round is
 * going to look at needs a person, like a question nobody answered.
 */
export function ledgerState({ items, ledger, round, stopped }: ReviewStand): LedgerState {
  const pending = pendingItems(items, ledger);
  const again = new Set(pending.map(({ id }) => id));
  const needsPerson = ledger.filter((row) => !again.has(row.item) && needsAPerson(row, items, ledger));
  const answered = { fixed: 0, declined: 0, question: 0, duplicate: 0, person: 0 };
  for (const { answer } of ledger) answered[answer.kind] += 1;
  const isWaiting = pending.length > 0 || needsPerson.length > 0 || stopped === "yes";
  const state = round !== "none" ? "in_progress" : isWaiting ? "failure" : "success";
  return { state, pending, needsPerson, answered };
}

/**
 * A question in a thread is over when the thread is resolved. Elsewhere nothing can be resolved: there it is over when a
 * person said something that a later round answered.
 */
function needsAPerson(row: LedgerRow, items: readonly FeedbackItem[], ledger: readonly LedgerRow[]): boolean {
  if (row.answer.kind !== "question" && row.answer.kind !== "person") return false;
  if (row.surface !== "thread") return !ledger.some((other) => other.from === "person" && other.round > row.round);
  const item = items.find(({ id }) => id === row.item);
  return item === undefined ? !row.closed : !item.thread?.resolved;
}

/** The first line the raiser wrote, for tables. Not yet safe to publish: it is somebody else's text. */
function excerptOf({ entries, by }: FeedbackItem): string {
  const said = entries.find(({ author }) => author.id === by.id)?.body ?? "";
  const line = said.split("\n").find((text) => text.trim() !== "") ?? "";
  const points = [...line.trim()];
  return points.length <= excerptLength ? points.join("") : `${points.slice(0, excerptLength - 1).join("")}…`;
}
