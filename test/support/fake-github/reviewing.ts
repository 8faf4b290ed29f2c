import { inTurn } from "./world/lock.ts";
import type { Act, PullIssue, Repository, Review, ReviewEvent } from "./world/model.ts";
import { notFound } from "./world/refusal.ts";
import {
  addReview,
  deleteReviewComment,
  dismissReview,
  editReview,
  editReviewComment,
  type NewReview,
  replyInThread,
  setResolved,
  submitReview,
} from "./world/reviews.ts";
import { mustBe, mustOwnOrWrite } from "./world/roles.ts";
import { type NewThread, reviewCommentOf, threadNodeId, threadOf } from "./world/threads.ts";
import { isPull, pullOf } from "./world/world.ts";

/** A thread by GitHub's global id of it, or by the number of any comment in it. */
export type ThreadKey = string | number;

export interface ReviewOrder {
  /** Left out, the review stays pending until it is submitted. */
  readonly event?: ReviewEvent;
  readonly body?: string;
  /** On a line of the diff, on a whole file (no line), or as an answer in a thread that is there already. */
  readonly comments?: readonly (NewThread | { readonly inThread: ThreadKey; readonly body: string })[];
}

/** A review as its author gets it back; the threads in the order of its comments. */
export interface Reviewed {
  readonly id: number;
  readonly threads: readonly { readonly id: string; readonly commentId: number }[];
}

/** What people and bots do to review pull requests. */
export interface Reviewing {
  /** @throws Refusal 422 for one's own pull request, for an empty review, and for lines that the diff does not show */
  reviews(number: number, review: ReviewOrder): Promise<Reviewed>;
  /** Submits a pending review. */
  submits(reviewId: number, how: { readonly event: ReviewEvent; readonly body?: string }): Promise<void>;
  editsReview(reviewId: number, body: string): Promise<void>;
  /** @throws Refusal 422 for a review that neither approves nor requests changes */
  dismisses(reviewId: number): Promise<void>;
  /** Gives the number of the new comment. */
  replies(number: number, thread: ThreadKey, body: string): Promise<{ readonly id: number }>;
  editsReviewComment(commentId: number, body: string): Promise<void>;
  deletesReviewComment(commentId: number): Promise<void>;
  resolves(thread: ThreadKey): Promise<void>;
  unresolves(thread: ThreadKey): Promise<void>;
}

/** A person or a bot as a reviewer. */
export function reviewingVerbs(repository: Repository, act: Act): Reviewing {
  const turns = (key: ThreadKey, to: "resolved" | "unresolved"): void => {
    const place = threadOf(repository, key);
    mustOwnOrWrite(repository, act.by, place.issue.author);
    setResolved(repository, place, { act, to });
  };
  return {
    async reviews(number, order) {
      mustBe(repository, act.by, "read");
      const added = await inTurn(repository, () =>
        addReview(repository, pullOf(repository, number), reviewFrom(repository, act, order)),
      );
      const threads = added.places.map(({ thread, comment }) => ({
        id: threadNodeId(thread),
        commentId: comment.id,
      }));
      return { id: added.review.id, threads };
    },
    async replies(number, key, body) {
      mustBe(repository, act.by, "read");
      const place = threadOf(repository, key);
      if (place.issue.number !== number) throw notFound();
      const { id } = replyInThread(repository, place, { act, body });
      return { id };
    },
    async editsReviewComment(id, body) {
      const place = reviewCommentOf(repository, id);
      mustOwnOrWrite(repository, act.by, place.comment.author);
      editReviewComment(repository, place, { act, body });
    },
    async deletesReviewComment(id) {
      const place = reviewCommentOf(repository, id);
      mustOwnOrWrite(repository, act.by, place.comment.author);
      deleteReviewComment(repository, place, act);
    },
    resolves: async (key) => turns(key, "resolved"),
    unresolves: async (key) => turns(key, "unresolved"),
    ...reviewVerbs(repository, act),
  };
}

function reviewVerbs(repository: Repository, act: Act): Pick<Reviewing, "submits" | "editsReview" | "dismisses"> {
  return {
    async submits(id, { event, body }) {
      const { issue, review } = reviewOf(repository, id);
      if (review.author !== act.by) throw notFound();
      submitReview(repository, issue, { act, review, event, body });
    },
    async editsReview(id, body) {
      const { issue, review } = reviewOf(repository, id);
      mustOwnOrWrite(repository, act.by, review.author);
      editReview(repository, issue, { act, review, body });
    },
    async dismisses(id) {
      mustBe(repository, act.by, "write");
      dismissReview(repository, reviewOf(repository, id).issue, { act, review: reviewOf(repository, id).review });
    },
  };
}

function reviewFrom(repository: Repository, act: Act, order: ReviewOrder): NewReview {
  const { event, body = "", comments = [] } = order;
  return {
    act,
    event,
    body,
    threads: comments.flatMap((comment) => ("inThread" in comment ? [] : [comment])),
    replies: comments.flatMap((comment) =>
      "inThread" in comment ? [{ to: threadOf(repository, comment.inThread).thread, body: comment.body }] : [],
    ),
  };
}

function reviewOf(repository: Repository, id: number): { readonly issue: PullIssue; readonly review: Review } {
  for (const issue of repository.issues.filter(isPull)) {
    const review = issue.pull.reviews.find((candidate) => candidate.id === id);
    if (review !== undefined) return { issue, review };
  }
  throw notFound();
}
