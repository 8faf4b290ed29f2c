import type { RawReview, RawThread, RawThreadComment } from "./raw-feedback.ts";

interface Edited {
  readonly id: number;
  readonly lastEditedAt: number | undefined;
}

/** Each once, by id: pages move while they are read. Of two readings the later edited one is the newer. */
export function once<Item extends Edited>(items: readonly Item[]): readonly Item[] {
  const byId = new Map<number, Item>();
  for (const item of items) {
    const known = byId.get(item.id);
    if (!known || (item.lastEditedAt ?? 0) > (known.lastEditedAt ?? 0)) byId.set(item.id, item);
  }
  return [...byId.values()].toSorted((a, b) => a.id - b.id);
}

/**
 * Each thread once with all comments of all its readings, by the id of its first comment. Drafts of others are nobody's
 * business until they are submitted.
 */
export function submittedThreads(threads: readonly RawThread[], reviews: readonly RawReview[]): readonly RawThread[] {
  const drafts = new Set(reviews.filter((review) => review.state === "pending").map((review) => review.id));
  const isDraft = ({ state, reviewId }: RawThreadComment) =>
    state === "pending" || (reviewId !== undefined && drafts.has(reviewId));
  return [...Map.groupBy(threads, (thread) => thread.nodeId).values()]
    .flatMap((readings) => {
      const comments = once(readings.flatMap((thread) => thread.comments)).filter((one) => !isDraft(one));
      // Resolved only where every reading says so: a reading too old must not hide what is open.
      const [thread] = readings.toSorted((a, b) => Number(a.resolved) - Number(b.resolved));
      return thread && comments.length > 0 ? [{ ...thread, comments }] : [];
    })
    .toSorted((a, b) => a.firstCommentId - b.firstCommentId);
}
