import type { Answered, Review } from "./review.ts";
import type { Actor, Trigger } from "./trigger.ts";

/** Identity of a repository. The id survives renames and transfers; owner and name are for URLs and people. */
export interface Repository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
}

/** What the task is busy with. Exactly one at a time, whatever the pull request or a halt says. */
export type Work =
  | { readonly kind: "idle" }
  | { readonly kind: "authorising"; readonly trigger: Trigger }
  | { readonly kind: "queued"; readonly run: string }
  | { readonly kind: "running"; readonly run: string; readonly phase: Phase; readonly since: number }
  | { readonly kind: "stopping"; readonly run: string; readonly by: string }
  /** `feedback`: the answers that go out once the head is there. */
  | {
      readonly kind: "publishing";
      readonly run: string;
      readonly headSha: string;
      readonly feedback?: Answered | undefined;
    };

/** Phases of a run as people see them in the status comment. */
export type Phase = "preparing" | "setting_up" | "agent_working" | "checking" | "verifying";

export type PullRequest =
  | { readonly kind: "none" }
  | { readonly kind: "open"; readonly number: number; readonly headSha: string }
  | { readonly kind: "merged"; readonly number: number }
  | { readonly kind: "closed"; readonly number: number };

/** Why nothing goes on by itself. Independent of work and pull request. */
export type Halt =
  | { readonly kind: "none" }
  | { readonly kind: "stopped"; readonly by: string }
  | { readonly kind: "blocked"; readonly cause: BlockCause; readonly detail: string }
  | { readonly kind: "failed"; readonly class: FailureClass; readonly detail: string };

/** `circling`: rounds that lead nowhere; somebody has to decide. */
export type BlockCause = "question" | "limit" | "gate" | "circling";

/** Closed set of causes; each has its remedy in `render/`. */
export type FailureClass =
  | "agent_missing"
  | "agent_crashed"
  | "setup_failed"
  | "sandbox_unavailable"
  | "repository_unreadable"
  | "lost_worker"
  | "publish_refused"
  | "bad_result"
  | ModelFailure
  | "internal";

/** What the provider of the model answered, as the gateway saw it. */
export type ModelFailure =
  | "model_auth"
  | "model_quota"
  | "model_rate"
  | "model_overflow"
  | "model_request"
  | "model_unavailable"
  | "model_silent";

/** How the last run ended, kept for the status comment. */
export interface LastRun {
  readonly id: string;
  readonly profile: string;
  readonly end: RunEndKind;
  readonly seconds: number;
}

export type RunEndKind =
  | "pull_request"
  | "answers"
  | "question"
  | "nothing_to_change"
  | "stopped"
  | "blocked"
  | "failed";

/** Our record for one issue. */
export interface Task {
  readonly id: string;
  readonly repository: Repository;
  readonly installationId: number;
  readonly issue: number;
  readonly generation: number;
  /** Counts decisions; with the position of an effect in its decision it makes that effect's idempotency key. */
  readonly version: number;
  readonly title: string;
  readonly requester: Actor | undefined;
  /** GitHub's time of the trigger that started the present work: what happened before it is over. */
  readonly requestedAt: number | undefined;
  readonly profile: string | undefined;
  /** The label that started the present work; removing it stops the run. None when a command started it. */
  readonly label: string | undefined;
  readonly branch: string | undefined;
  /** Head of our branch as we last pushed it in this generation; the next commit goes on top of it. */
  readonly pushedSha: string | undefined;
  readonly snapshotHash: string | undefined;
  readonly rounds: number;
  /** When each label was last put on, by its name in small letters: an act counts once, whoever reports it. */
  readonly seenLabels: Readonly<Record<string, number>>;
  /** When a request that was still being authorised was taken back; a grant for it comes too late. */
  readonly withdrawnAt: number | undefined;
  readonly lastRun: LastRun | undefined;
  readonly review: Review;
  readonly work: Work;
  readonly pullRequest: PullRequest;
  readonly halt: Halt;
}
