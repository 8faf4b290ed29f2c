import type { Actor, IssueComment } from "./types.ts";

/** Everything that was said on a pull request, and how the pull request is. Lists are oldest first, times in ms since the epoch. */
export interface PullRequestFeedback {
  readonly number: number;
  readonly open: boolean;
  readonly merged: boolean;
  readonly draft: boolean;
  readonly headRef: string;
  readonly headSha: string;
  /** The repository the head branch is in; undefined when it is gone. Ours only when it is our own (security.md T10). */
  readonly headRepositoryId: number | undefined;
  readonly baseRef: string;
  /** Undefined when the account no longer exists. */
  readonly author: Actor | undefined;
  readonly labels: readonly string[];
  readonly reviews: readonly FeedbackReview[];
  readonly threads: readonly FeedbackThread[];
  /** The conversation below the pull request. Who wrote here may push or not: GraphQL does not say. */
  readonly comments: readonly IssueComment[];
  /** True when there was more than we were willing to page through: the newest is here, the oldest is not. */
  readonly truncated: boolean;
}

/** In lower case, as in webhooks; REST and GraphQL shout. */
export type ReviewState = "pending" | "commented" | "approved" | "changes_requested" | "dismissed";

/** A review as a whole. Each answer in a thread has one of its own, commented and without a body. */
export interface FeedbackReview extends IssueComment {
  readonly state: ReviewState;
  readonly submittedAt: number | undefined;
  /** The head it was written against; undefined when that commit is gone. */
  readonly commit: string | undefined;
  /** What GitHub says at this moment about its author, who may be a bot. */
  readonly authorMayPush: boolean;
}

/** Comments on one place of the diff. */
export interface FeedbackThread {
  /** GitHub's global id, by which it is resolved. */
  readonly nodeId: string;
  /** The comment it began with, by which it is answered. */
  readonly firstCommentId: number;
  readonly path: string;
  /** Undefined when it is outdated, or about the whole file. */
  readonly line: number | undefined;
  /** Of a comment on several lines, the first. */
  readonly startLine: number | undefined;
  /** Where it was when it was written; undefined when it is about the whole file. */
  readonly originalLine: number | undefined;
  /** The piece of the diff up to that line, as the reviewer saw it; empty when it is about the whole file. */
  readonly hunk: string;
  readonly wholeFile: boolean;
  readonly outdated: boolean;
  readonly resolved: boolean;
  readonly comments: readonly FeedbackComment[];
}

export interface FeedbackComment extends IssueComment {
  /** The review it came with; undefined when GitHub does not know it any more. */
  readonly reviewId: number | undefined;
  readonly reviewState: ReviewState | undefined;
  /** A pending one is a draft that only its author sees. */
  readonly state: "submitted" | "pending";
  /** What GitHub says at this moment about its author, who may be a bot; undefined without a review. */
  readonly authorMayPush: boolean | undefined;
}

/** What is needed to answer in a thread and to find the answer again. */
export interface ReviewThreadRef {
  /** Number of the pull request. */
  readonly pullRequest: number;
  readonly nodeId: string;
  readonly firstCommentId: number;
}

/** A thread as it is now; `gone` when it was deleted. */
export type ThreadState =
  | {
      readonly kind: "found";
      readonly resolved: boolean;
      readonly outdated: boolean;
      readonly line: number | undefined;
    }
  | { readonly kind: "gone" };

/** `refused`: GitHub does not let this app resolve threads here. */
export type ThreadResolution = "resolved" | "refused" | "gone";
