import type { World } from "./world.ts";

/** Any JSON value, as it goes over the wire. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
/** A JSON object. Undefined members are left out when it is written. */
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** What somebody may do in a repository, from most to least. */
export type Role = "admin" | "maintain" | "write" | "triage" | "read";
/** Permissions of an app, an installation or a token: `{ issues: "write" }`. */
export type Permissions = Readonly<Record<string, "read" | "write">>;

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Bot" | "Organization";
  readonly createdAt: number;
}

/** Who does something, and whether GitHub tells the app about it. */
export interface Act {
  readonly by: Account;
  readonly silent: boolean;
}

export interface Installation {
  readonly id: number;
  readonly account: Account;
  readonly repositories: Set<Repository>;
  readonly permissions: Permissions;
  readonly createdAt: number;
}

export interface Repository {
  readonly world: World;
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly defaultBranch: string;
  /** Path of the bare repository. */
  readonly directory: string;
  readonly createdAt: number;
  pushedAt: number;
  readonly people: Map<number, Role>;
  readonly labels: Map<string, Label>;
  /** Issues and pull requests: they share their numbers. */
  readonly issues: Issue[];
  readonly checkRuns: CheckRun[];
  readonly statuses: Status[];
}

export interface Label {
  readonly id: number;
  readonly name: string;
  readonly color: string;
}

export interface Issue {
  readonly id: number;
  readonly number: number;
  readonly author: Account;
  readonly createdAt: number;
  title: string;
  body: string;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | null;
  updatedAt: number;
  closedAt: number | undefined;
  closedBy: Account | undefined;
  labels: Label[];
  readonly comments: Comment[];
  readonly reactions: Reaction[];
  readonly timeline: TimelineEvent[];
  readonly edits: Edit[];
  readonly pull: Pull | undefined;
}

/** An issue that is a pull request. */
export interface PullIssue extends Issue {
  readonly pull: Pull;
}

export interface Pull {
  readonly id: number;
  readonly headRef: string;
  baseRef: string;
  headSha: string;
  baseSha: string;
  draft: boolean;
  mergedAt: number | undefined;
  mergedBy: Account | undefined;
  mergeCommitSha: string | undefined;
  requestedReviewers: Account[];
  readonly reviews: Review[];
  readonly threads: ReviewThread[];
  /** Undefined until GitHub has computed it: after every change of head or base, until somebody asked once. */
  mergeable: boolean | undefined;
  stats: PullStats;
}

export interface PullStats {
  readonly commits: number;
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
}

export interface Comment {
  readonly id: number;
  readonly author: Account;
  readonly createdAt: number;
  body: string;
  updatedAt: number;
  readonly reactions: Reaction[];
  readonly edits: Edit[];
  minimized: boolean;
  /** False when a test has not looked at the text as it is now. */
  read: boolean;
}

export const REVIEW_EVENTS = {
  APPROVE: "APPROVED",
  REQUEST_CHANGES: "CHANGES_REQUESTED",
  COMMENT: "COMMENTED",
} as const;
/** What somebody submits a review as. */
export type ReviewEvent = keyof typeof REVIEW_EVENTS;
export type ReviewState = (typeof REVIEW_EVENTS)[ReviewEvent] | "PENDING" | "DISMISSED";

export interface Review {
  readonly id: number;
  readonly author: Account;
  readonly createdAt: number;
  state: ReviewState;
  body: string;
  /** The head it was written against. */
  readonly commitSha: string;
  submittedAt: number | undefined;
  updatedAt: number;
  readonly edits: Edit[];
}

/** A comment in a review thread. One that answers alone has a review of its own, with an empty body. */
export interface ReviewComment extends Comment {
  readonly review: Review;
}

/** Comments on one place of the diff. */
export interface ReviewThread {
  readonly id: number;
  readonly path: string;
  /** The commit whose lines were commented on. */
  readonly commitSha: string;
  /** Undefined when the comments are about the whole file. */
  readonly originalLine: number | undefined;
  /** Of a comment on several lines, the first. */
  readonly originalStartLine: number | undefined;
  readonly hunk: string;
  /** Where that line is now; undefined when it is not there any more, or for a whole file. */
  line: number | undefined;
  outdated: boolean;
  resolvedBy: Account | undefined;
  readonly comments: ReviewComment[];
}

/** One change of a text: who made it, when, and the text after it. */
export interface Edit {
  readonly id: number;
  readonly by: Account;
  readonly at: number;
  readonly text: string;
}

export interface Reaction {
  readonly id: number;
  readonly by: Account;
  readonly content: ReactionContent;
  readonly createdAt: number;
}

export const REACTIONS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"] as const;
export type ReactionContent = (typeof REACTIONS)[number];

export type TimelineEvent = { readonly id: number; readonly by: Account; readonly at: number } & (
  | { readonly type: "labeled" | "unlabeled"; readonly label: Label }
  | { readonly type: "renamed"; readonly from: string; readonly to: string }
  | { readonly type: "closed"; readonly reason: Issue["stateReason"] }
  | { readonly type: "reopened" }
);

export interface CheckRun {
  readonly id: number;
  readonly suiteId: number;
  /** The app that made it: ours, or one that stands for CI. */
  readonly app: CheckApp;
  readonly headSha: string;
  name: string;
  externalId: string;
  detailsUrl: string | undefined;
  status: string;
  conclusion: string | null;
  startedAt: number;
  completedAt: number | undefined;
  title: string | null;
  summary: string | null;
  text: string | null;
}

export interface CheckApp {
  readonly id: number;
  readonly slug: string;
  readonly bot: Account;
}

export interface Status {
  readonly id: number;
  readonly sha: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  readonly description: string | null;
  readonly by: Account;
  readonly createdAt: number;
}
