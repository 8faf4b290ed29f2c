import type { Review } from "../domain/review.ts";
import { ledgerTable } from "./ledger.ts";

/** What a check says while it is not over, and when it is. */
export interface CheckReport {
  readonly status: "in_progress" | "success" | "failure";
  readonly title: string;
  readonly summary: string;
}

/** The `baton/review` check: is all feedback handled, at one glance, and the ledger below. */
export function reviewCheck(review: Review, status: CheckReport["status"]): CheckReport {
  const waiting = new Set(review.pending.map(({ item }) => item));
  const answered = review.ledger.filter(({ item }) => !waiting.has(item)).length;
  const title = {
    in_progress: `A round is under way: ${review.pending.length} waiting, ${answered} answered`,
    failure: `A person is needed: ${review.pending.length} waiting, ${answered} answered`,
    success: answered === 0 ? "No feedback yet" : `All ${answered} points have their answer`,
  }[status];
  const paused = review.pausedBy === undefined ? [] : [`Automatic rounds are paused by \`${review.pausedBy}\`.`, ""];
  return { status, title, summary: [...paused, ledgerTable(review)].join("\n") };
}
