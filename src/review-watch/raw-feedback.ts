import type { Surface } from "../orchestrator/domain/feedback.ts";
import type { Actor } from "../orchestrator/domain/trigger.ts";

/**
 * Everything people and bots wrote on a pull request, as an adapter reads it. Times in milliseconds since the epoch.
 * Authors are undefined when the account no longer exists. The order of the lists and pages read twice do not matter.
 */
export interface RawFeedback {
  readonly reviews: readonly RawReview[];
  readonly threads: readonly RawThread[];
  /** The conversation below the pull request's description. */
  readonly comments: readonly RawComment[];
}

export interface RawReview {
  readonly id: number;
  readonly author: Actor | undefined;
  readonly state: "commented" | "changes_requested" | "approved" | "dismissed" | "pending";
  /** Undefined while it is pending. */
  readonly submittedAt: number | undefined;
  readonly body: string;
  readonly lastEditedAt: number | undefined;
  readonly minimized: boolean;
}

export interface RawThread {
  readonly nodeId: string;
  /** The comment it began with, which may be one of many that were too old to be read. */
  readonly firstCommentId: number;
  readonly resolved: boolean;
  readonly outdated: boolean;
  readonly path: string;
  /** Line of the present head; undefined when outdated or when the thread is about the whole file. */
  readonly line: number | undefined;
  /** Line of the commit it was written on. */
  readonly originalLine: number | undefined;
  readonly hunk: string;
  readonly comments: readonly RawThreadComment[];
}

export interface RawComment {
  readonly id: number;
  readonly author: Actor | undefined;
  readonly body: string;
  readonly createdAt: number;
  readonly lastEditedAt: number | undefined;
  readonly minimized: boolean;
}

export interface RawThreadComment extends RawComment {
  /** The review it came with. A draft becomes visible when that is submitted, often long after `createdAt`. */
  readonly reviewId: number | undefined;
  readonly state: "submitted" | "pending";
}

/** Names one piece of writing over all surfaces, whose ids GitHub counts separately. */
export type EntryKey = `${Surface}/${number}`;

/** The key by which `/agent include` admits a thread comment, a review's body or a conversation comment. */
export function entryKey(surface: Surface, id: number): EntryKey {
  return `${surface}/${id}`;
}
