import { stripInvisible } from "../text/invisible.ts";
import { converse } from "./conversation.ts";
import type { RawReview, RawThread, RawThreadComment } from "./raw-feedback.ts";
import type { Selected } from "./selected.ts";
import type { FeedbackContext, Writing } from "./who-counts.ts";

/**
 * A review thread lives by its own state: what became of the review it came with (dismissed by our own push, say)
 * changes nothing about the question that stands in it.
 */
export function selectThread(
  thread: RawThread,
  { reviews, context }: { readonly reviews: readonly RawReview[]; readonly context: FeedbackContext },
): Selected {
  const writings = thread.comments.map((comment) => writingOf(comment, reviews));
  const { feedback, leftOut, removed } = converse({ writings, state: thread.resolved ? "done" : "open" }, context);
  if (!feedback) return { items: [], changesRequested: "no", leftOut, removed };
  const requesting = new Set(reviews.filter(({ state }) => state === "changes_requested").map(({ id }) => id));
  const counted = new Set(feedback.counted.map(({ id }) => id));
  const isRequested = thread.comments.some(
    ({ id, reviewId }) => counted.has(id) && reviewId !== undefined && requesting.has(reviewId),
  );
  const path = stripInvisible(thread.path);
  const hunk = stripInvisible(thread.hunk);
  const item = {
    ...feedback.said,
    id: `thread-${thread.firstCommentId}`,
    surface: "thread" as const,
    owed: "answer" as const,
    place: {
      path: path.text,
      line: thread.outdated ? undefined : thread.line,
      hunk: hunk.text,
      outdated: thread.outdated,
    },
    thread: { nodeId: thread.nodeId, firstCommentId: thread.firstCommentId, resolved: thread.resolved },
  };
  return {
    items: [item],
    changesRequested: isRequested ? "yes" : "no",
    leftOut,
    removed: removed + path.removed + hunk.removed,
  };
}

/** A comment drafted in a review is old by its own date when the review is submitted at last. */
function writingOf(comment: RawThreadComment, reviews: readonly RawReview[]): Writing {
  const review = reviews.find(({ id }) => id === comment.reviewId);
  const visibleAt = Math.max(comment.createdAt, review?.submittedAt ?? 0);
  return { ...comment, surface: "thread", visibleAt };
}
