import type { Repository } from "./domain/task.ts";
import type { Actor } from "./domain/trigger.ts";
import type { Incoming } from "./orchestrator.ts";
import type { Place } from "./ports.ts";

/** What the reconciler asks of GitHub: reads, and one request to send a webhook again. Times are ms since the epoch. */
export interface WatchedGitHub {
  listInstallations(): Promise<readonly { readonly id: number; readonly suspended: boolean }[]>;
  listRepositories(installationId: number): Promise<readonly (Repository & { readonly archived: boolean })[]>;
  failedDeliveries(since: number): Promise<readonly FailedDelivery[]>;
  redeliver(id: string): Promise<void>;
  listChangedIssues(at: Place, since: number): Promise<readonly ChangedIssue[]>;
  listChangedComments(at: Place, since: number): Promise<readonly ChangedComment[]>;
  readThread(at: Place, number: number): Promise<Thread>;
  isUnedited(at: Place, comment: Pick<ChangedComment, "node">): Promise<boolean>;
}

/** A webhook no attempt at which succeeded. */
export interface FailedDelivery {
  /** Of the last attempt. */
  readonly id: string;
  readonly guid: string;
  readonly event: string;
  readonly action: string | undefined;
  readonly deliveredAt: number;
}

export interface ChangedIssue {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly isPullRequest: boolean;
  readonly labels: readonly string[];
}

export interface ChangedComment {
  readonly id: number;
  readonly node: string;
  readonly thread: number;
  readonly author: Actor | undefined;
  readonly body: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly appId: number | undefined;
}

/** What somebody did, and when; undefined for an account that no longer exists. */
export interface Deed {
  readonly at: number;
  readonly actor: Actor | undefined;
}

/** An issue or pull request as it is now. */
export interface Thread {
  readonly title: string;
  readonly body: string;
  readonly isPullRequest: boolean;
  readonly updatedAt: number;
  readonly closed: Deed | undefined;
  readonly merged: boolean;
  readonly labels: readonly string[];
  readonly labelings: readonly (Deed & { readonly label: string })[];
  readonly unlabelings: readonly (Deed & { readonly label: string })[];
}

/** How webhooks are understood, so that what no webhook told of is understood in the same way. */
export interface WebhookWords {
  /** Tells this repository's trigger labels from others, by its policy as it is now. */
  triggerLabels(at: Place): Promise<(label: string) => boolean>;
  /** The fact a new comment is, with the delivery its webhook would have been; undefined when it is nothing to us. */
  readComment(at: Place, comment: ChangedComment, thread: CommentedThread): Promise<Recovered | undefined>;
}

/** What a comment's webhook says about where it stands. */
export type CommentedThread = Pick<Thread, "title" | "body" | "isPullRequest" | "updatedAt">;

/** A fact that would have come by webhook. */
export type Recovered = Incoming & { readonly delivery: NonNullable<Incoming["delivery"]> };
