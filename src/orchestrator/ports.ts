import type { Event } from "./domain/event.ts";
import type { Reading } from "./domain/review.ts";
import type { Snapshot } from "./domain/snapshot.ts";
import type { Repository } from "./domain/task.ts";
import type { Refusal, Trigger } from "./domain/trigger.ts";

/** Where in GitHub something happens: the repository, and the installation whose token reaches it. */
export interface Place {
  readonly repository: Repository;
  readonly installationId: number;
  /** Awaited last before a write is sent; when it throws, nothing is sent. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
}

/** What the orchestrator needs of GitHub. `src/github` implements it; `app.ts` joins the two. */
export interface GitHub {
  self(): Promise<{
    readonly slug: string;
    readonly botUserId: number;
    readonly botLogin: string;
    readonly email: string;
  }>;
  cloneUrl(repository: Repository): string;
  token(at: Place, purpose: "read" | "push"): Promise<string>;
  /** To be called when git was answered 401 with this token. */
  forgetToken(token: string): void;
  react(at: Place, target: ReactionTarget, content: "eyes" | "confused"): Promise<void>;
  findComment(at: Place, issue: number, marker: string): Promise<number | undefined>;
  createComment(at: Place, issue: number, body: string): Promise<{ readonly id: number }>;
  updateComment(at: Place, commentId: number, body: string): Promise<void>;
  findPullRequest(at: Place, branch: string): Promise<FoundPullRequest | undefined>;
  createPullRequest(
    at: Place,
    order: NewPullRequest,
  ): Promise<{ readonly number: number; readonly headSha: string; readonly draft: boolean }>;
  requestReview(at: Place, number: number, login: string): Promise<"requested" | "not_possible">;
  findCheck(
    at: Place,
    check: { readonly sha: string; readonly name: string; readonly externalId: string },
  ): Promise<number | undefined>;
  createCheck(at: Place, check: NewCheck): Promise<{ readonly id: number }>;
  updateCheck(at: Place, check: number, report: CheckReport): Promise<void>;
  replyInThread(at: Place, thread: ReviewThread, body: string): Promise<{ readonly id: number }>;
  findReply(at: Place, thread: ReviewThread, marker: string): Promise<number | undefined>;
  resolveThread(at: Place, nodeId: string): Promise<"resolved" | "refused" | "gone">;
}

/** How a thread on a pull request is answered and found again. */
export interface ReviewThread {
  readonly pullRequest: number;
  readonly nodeId: string;
  readonly firstCommentId: number;
}

export type ReactionTarget =
  | { readonly kind: "issue"; readonly issue: number }
  | { readonly kind: "comment" | "review_comment"; readonly commentId: number };

export interface FoundPullRequest {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly merged: boolean;
  readonly headSha: string;
  readonly draft: boolean;
}

export interface NewPullRequest {
  readonly title: string;
  readonly body: string;
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

export interface CheckReport {
  /** `in_progress`: it is not over yet. */
  readonly status: "success" | "failure" | "in_progress";
  readonly title: string;
  readonly summary: string;
}

export interface NewCheck extends CheckReport {
  readonly name: string;
  readonly headSha: string;
  readonly externalId: string;
}

/** Why GitHub did not do what we asked; the classes of github.md §4. */
export type GitHubFailureCode =
  | "unauthorised"
  | "rate_limited"
  | "forbidden"
  | "locked"
  | "not_found"
  | "conflict"
  | "exists"
  | "invalid"
  | "gone"
  | "doubt";

/** The shape every failure of the GitHub port has. */
export interface GitHubFailure extends Error {
  readonly code: GitHubFailureCode;
  /** Milliseconds since the epoch; no call before it. */
  readonly retryAt?: number | undefined;
  /** What exactly was refused, where somebody asks. */
  readonly reason?: "drafts_unsupported" | undefined;
}

/** What the orchestrator needs of git: app-owned bare repositories only. `src/git` implements it. */
export interface Git {
  fetchBase(order: FetchOrder): Promise<
    | {
        readonly kind: "ok";
        readonly sha: string;
        /** Where `agentBranch` is; undefined when the remote has none. */
        readonly agentSha?: string;
        readonly gitDir: string;
        readonly objectDirs: readonly string[];
      }
    | { readonly kind: "no_such_branch" }
    | { readonly kind: "refused"; readonly why: string; readonly reason: string }
    | { readonly kind: "unavailable"; readonly cause: string }
  >;
  readFileAt(order: {
    readonly repositoryId: number;
    readonly sha: string;
    readonly path: string;
  }): Promise<string | undefined>;
  unsupported(order: { readonly repositoryId: number; readonly sha: string }): Promise<string | undefined>;
  importBundle(
    order: RunRef & { readonly bundle: string; readonly baseSha: string; readonly tip: string },
  ): Promise<
    | { readonly kind: "ok"; readonly gitDir: string; readonly objectDirs: readonly string[] }
    | { readonly kind: "refused"; readonly reason: string }
  >;
  judgeTree(
    order: RunRef & {
      readonly baseSha: string;
      readonly tip: string;
      readonly protect: Protect;
      readonly secrets: readonly string[];
    },
  ): Promise<
    | { readonly kind: "accepted"; readonly changedFiles: readonly string[]; readonly flagged: readonly string[] }
    | { readonly kind: "refused"; readonly reasons: readonly string[] }
  >;
  commit(
    order: RunRef & {
      readonly tip: string;
      readonly parents: readonly string[];
      readonly message: string;
      readonly author: { readonly name: string; readonly email: string };
      readonly at: number;
    },
  ): Promise<{ readonly headSha: string }>;
  keep(order: RunRef & { readonly headSha: string }): Promise<Buffer>;
  adopt(
    order: RunRef & { readonly headSha: string; readonly bundle: Buffer },
  ): Promise<
    { readonly kind: "ok" } | { readonly kind: "missing_base" } | { readonly kind: "refused"; readonly reason: string }
  >;
  patchOf(
    order: RunRef & { readonly baseSha: string; readonly tip: string; readonly secrets: readonly string[] },
  ): Promise<string>;
  mergeOnto(
    order: RunRef & {
      readonly ours: string;
      readonly theirs: string;
      readonly startedFrom: string | undefined;
      readonly message: string;
    },
  ): Promise<
    | { readonly kind: "contained" }
    | { readonly kind: "merged"; readonly headSha: string }
    | { readonly kind: "conflict"; readonly paths: readonly string[] }
    | { readonly kind: "rewritten" }
  >;
  push(
    order: RunRef & {
      readonly url: string;
      readonly token: string;
      readonly branch: string;
      readonly headSha: string;
      readonly expected: string | undefined;
    },
  ): Promise<
    | { readonly kind: "pushed" }
    | { readonly kind: "already" }
    | { readonly kind: "moved"; readonly actual: string | undefined }
    | { readonly kind: "refused"; readonly why: string; readonly reason: string }
    | { readonly kind: "doubt"; readonly cause: string }
  >;
  forget(order: RunRef): Promise<void>;
  clearLeft(): Promise<void>;
}

export interface FetchOrder {
  readonly repositoryId: number;
  readonly url: string;
  readonly token: string;
  readonly branch: string;
  /** The task's own branch, brought along when it exists. */
  readonly agentBranch?: string;
}

export interface RunRef {
  readonly repositoryId: number;
  readonly runId: string;
}

export interface Protect {
  readonly deny: readonly string[];
  readonly hold: readonly string[];
  readonly flag: readonly string[];
}

/** Reads a pull request of ours and says what on it counts as feedback. API trouble is thrown: we wait. */
export interface ReviewReader {
  read(at: Place, wanted: FeedbackWanted): Promise<FeedbackFound>;
}

export interface FeedbackWanted {
  readonly number: number;
  /** The branch we made: a head elsewhere is not ours. */
  readonly branch: string;
  readonly admitted: Readonly<Record<string, number>>;
  /** The input of the task's last run, and what the person who asked for a round said. */
  readonly snapshot: Snapshot;
  readonly guidance: string;
}

export type FeedbackFound =
  | { readonly kind: "read"; readonly reading: Reading }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "not_open" };

/** Finds out whether a trigger may start what it asks for; its answer is an event. API trouble is thrown: we wait. */
export interface Authoriser {
  authorise(at: Place & { readonly issue: number }, trigger: Trigger): Promise<Event>;
}

/** Milliseconds since the epoch. */
export type Clock = () => number;
