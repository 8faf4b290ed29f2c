import type { Actor } from "./trigger.ts";

/** Where on a pull request somebody wrote. */
export type Surface = "thread" | "review_body" | "comment";

/** One piece of what people and bots wrote about an item, cleaned of hidden text. */
export interface FeedbackEntry {
  readonly author: Actor;
  readonly at: number;
  readonly body: string;
}

/**
 * Something on the pull request that a round is to look at, as GitHub was read. Which of them are pending is decided
 * from the ledger, never from heads or from our own replies (product.md §4).
 */
export interface FeedbackItem {
  /** Stable over all readings: `thread-<id of its first comment>`, `review-<id>`, `review-<id>-<n>` for the n-th finding hidden in its body, `comment-<id>`. */
  readonly id: string;
  readonly surface: Surface;
  /** Who raised it. */
  readonly by: Actor;
  readonly from: "person" | "bot";
  /** `answer`: it starts a round and gets an answer. `context`: it rides along with a round and is owed none. */
  readonly owed: "answer" | "context";
  /** Changes when somebody eligible writes or, for people, edits: the newest such entry with its time. */
  readonly version: string;
  readonly entries: readonly FeedbackEntry[];
  /** Of a thread: the file, the line (undefined when outdated) and what the reviewer saw there. */
  readonly place?:
    | { readonly path: string; readonly line: number | undefined; readonly hunk: string; readonly outdated: boolean }
    | undefined;
  /** Of a thread: how it is answered and resolved. */
  readonly thread?:
    | { readonly nodeId: string; readonly firstCommentId: number; readonly resolved: boolean }
    | undefined;
}

/** What the agent said about an item, or what became of it. */
export type Answer =
  | { readonly kind: "fixed"; readonly sha: string; readonly note: string }
  | { readonly kind: "declined"; readonly reason: string }
  | { readonly kind: "question"; readonly question: string }
  | { readonly kind: "duplicate"; readonly of: string; readonly note: string }
  /** Nobody could answer it: a person has to. */
  | { readonly kind: "person"; readonly why: string };

/** The answer to one item at one version. A newer version of the item makes it pending again. */
export interface LedgerRow {
  readonly item: string;
  readonly version: string;
  readonly surface: Surface;
  readonly by: Actor;
  readonly from: "person" | "bot";
  /** One line of what was said, for tables. */
  readonly excerpt: string;
  /** Where it stood, for the loop breaker; undefined for what stands nowhere. */
  readonly path: string | undefined;
  readonly answer: Answer;
  readonly run: string;
  readonly round: number;
  /** Whether the thread was seen resolved after the answer: unresolving it makes it pending again. */
  readonly closed: boolean;
}

/** The review policy of a repository (house.md §7). */
export interface ReviewPolicy {
  readonly trigger: "any" | "changes_requested" | "command";
  /** `all`: every account of type Bot but ours, github-actions and dependabot; or account ids. */
  readonly bots: "all" | "none" | readonly { readonly id: number; readonly comments: boolean }[];
  readonly botRounds: number;
  readonly rounds: number;
  readonly resolve: "bots" | "all" | "none";
  readonly quietSeconds: number;
}
