import type { FeedbackItem } from "../orchestrator/domain/feedback.ts";
import type { Actor } from "../orchestrator/domain/trigger.ts";
import type { LeftOutFeedback } from "./conversation.ts";
import { once, submittedThreads } from "./once.ts";
import type { RawComment, RawFeedback, RawReview } from "./raw-feedback.ts";
import { selectComment } from "./select-comment.ts";
import { selectReview } from "./select-review.ts";
import { selectThread } from "./select-thread.ts";
import type { FeedbackContext } from "./who-counts.ts";

/** What of a pull request's feedback the rounds are to look at. */
export interface SelectedFeedback {
  /** Threads, then reviews, then conversation comments, each by id. Resolved threads are among them. */
  readonly items: readonly FeedbackItem[];
  /** Ids of the items that belong to a review which requests changes, for `review.trigger: changes_requested`. */
  readonly changesRequested: readonly string[];
  /** What others wrote and the agent will not see, with the reason. */
  readonly leftOut: readonly LeftOutFeedback[];
  /** Characters and elements of hidden text that were taken out (security.md T13). */
  readonly removed: number;
}

/**
 * Decides what on a pull request is feedback, by the table of product.md §4. Which of it is pending, the ledger tells.
 * Independent of the order of the lists and of pages that were read twice.
 */
export function selectFeedback(raw: RawFeedback, context: FeedbackContext): SelectedFeedback {
  const reviews = once(raw.reviews);
  const selected = [
    ...submittedThreads(raw.threads, reviews).map((thread) => selectThread(thread, { reviews, context })),
    ...reviews.map((review) => selectReview(review, context)),
    ...once(raw.comments).map((comment) => selectComment(comment, context)),
  ];
  return {
    items: selected.flatMap(({ items }) => items),
    changesRequested: selected.flatMap(({ changesRequested, items }) =>
      changesRequested === "yes" ? items.map(({ id }) => id) : [],
    ),
    leftOut: selected.flatMap(({ leftOut }) => leftOut),
    removed: selected.reduce((sum, { removed }) => sum + removed, 0),
  };
}

/** The people whose permission must be known before {@link selectFeedback}, each once, by id. Never bots. */
export function authorsToAsk(raw: RawFeedback): readonly Actor[] {
  const reviews = once(raw.reviews);
  const writings: readonly (RawComment | RawReview)[] = [
    ...submittedThreads(raw.threads, reviews).flatMap(({ comments }) => comments),
    ...reviews.filter(({ state }) => state !== "pending" && state !== "dismissed"),
    ...raw.comments,
  ];
  const people = new Map<number, Actor>();
  for (const { author, minimized, body } of writings) {
    if (author?.type === "User" && !minimized && body.trim() !== "") people.set(author.id, author);
  }
  return [...people.values()].toSorted((a, b) => a.id - b.id);
}
