import type { Effect } from "./effect.ts";
import type { Answer, FeedbackItem, LedgerRow } from "./feedback.ts";
import { recordAnswers } from "./ledger.ts";
import type { Answered, AnswerGiven, Review } from "./review.ts";
import { answeredFindings, type RoundRecord, startedBy } from "./round-record.ts";
import type { Task } from "./task.ts";

/** A finished round: its answers, and the head they are true of. */
export interface FinishedRound {
  readonly run: string;
  readonly feedback: Answered;
  readonly headSha: string;
  /** True of a round that made a commit. */
  readonly commit: "new" | "none";
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Most reviewers asked again after a round; GitHub itself takes fifteen. */
const mostReviewers = 5;

/**
 * Enters a round's answers in the ledger and says them: in each thread, and in one comment for what has no thread. Bot
 * threads are resolved once their fix is at head and not red, by policy (product.md §4).
 */
export function publishAnswers(
  task: Task,
  { run, feedback, headSha, commit, at }: FinishedRound,
): { readonly review: Review; readonly effects: readonly Effect[] } {
  const owed = feedback.items.filter((item) => item.owed === "answer");
  const answers = Object.fromEntries(owed.map((item) => [item.id, answerTo(item, feedback, headSha)]));
  const ledger = recordAnswers(task.review.ledger, { items: owed, answers, run, round: feedback.round });
  const rows = new Map(ledger.filter((row) => row.run === run).map((row) => [row.item, row]));
  const number = task.pullRequest.kind === "open" ? task.pullRequest.number : 0;
  const inThreads = owed.flatMap((item): readonly Effect[] => {
    const row = rows.get(item.id);
    if (!item.thread || !row) return [];
    const thread = { nodeId: item.thread.nodeId, firstCommentId: item.thread.firstCommentId };
    const resolve = isResolved(item, row, feedback) ? [{ type: "resolve_thread", item: item.id, thread } as const] : [];
    return [{ type: "reply_in_thread", number, row, thread }, ...resolve];
  });
  const elsewhere = owed.flatMap((item) => (item.thread ? [] : (rows.get(item.id) ?? [])));
  const comment: readonly Effect[] =
    elsewhere.length === 0
      ? []
      : [{ type: "say", message: { kind: "answers", rows: elsewhere, headSha }, key: `answers:${run}`, on: number }];
  const record: RoundRecord = {
    round: feedback.round,
    startedBy: startedBy(owed),
    endedAt: at,
    commit: commit === "new" ? headSha : undefined,
    lines: feedback.lines,
    findings: answeredFindings(owed, answers),
  };
  const review = { ...task.review, ledger, pending: [], rounds: [...task.review.rounds, record] };
  return { review, effects: [...inThreads, ...comment, ...reviewers(owed, number)] };
}

function answerTo(item: FeedbackItem, { answers }: Answered, sha: string): Answer {
  const given = answers.find((answer) => answer.item === item.id);
  if (!given) return { kind: "person", why: "The agent left this point without an answer, twice." };
  return answerOf(given, sha);
}

function answerOf({ kind, text, of }: AnswerGiven, sha: string): Answer {
  switch (kind) {
    case "fixed":
      return { kind, sha, note: text };
    case "declined":
      return { kind, reason: text };
    case "question":
      return { kind, question: text };
    case "duplicate":
      return { kind, of: of ?? "", note: text };
    case "person":
      return { kind, why: text };
  }
}

/** A person's thread is for the person to close; so is a bot's in which a person has spoken. */
function isResolved(item: FeedbackItem, { answer }: LedgerRow, { resolve, verification }: Answered): boolean {
  if (answer.kind !== "fixed" || verification === "red" || resolve === "none") return false;
  const people = item.entries.some(({ author }) => author.type !== "Bot");
  return resolve === "all" || (item.from === "bot" && !people);
}

/** People who reviewed are asked to look again; bots look by themselves. */
function reviewers(items: readonly FeedbackItem[], number: number): readonly Effect[] {
  const people = items.filter(({ from, surface }) => from === "person" && surface !== "comment");
  const logins = [...new Set(people.map(({ by }) => by.login))].slice(0, mostReviewers);
  return logins.map((login) => ({ type: "request_review", number, login }));
}
