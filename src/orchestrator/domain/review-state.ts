import { type LedgerState, ledgerState } from "./ledger.ts";
import type { Task } from "./task.ts";

/**
 * How the review stands for the `baton/review` check: in progress while a round is under way, a failure while a person
 * is needed or something waits that no round will take up, else a success. Never neutral (github.md §2).
 */
export function reviewStateOf(task: Task): LedgerState["state"] {
  const { work, halt, review } = task;
  if (work.kind !== "idle" && work.kind !== "authorising") return "in_progress";
  const isStopped = halt.kind !== "none" || review.pending.length > 0;
  return ledgerState({
    items: [],
    ledger: review.ledger,
    round: "none",
    stopped: isStopped ? "yes" : "no",
  }).state;
}
