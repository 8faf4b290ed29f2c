import type { FeedbackItem, LedgerRow } from "./feedback.ts";
import type { Policy } from "./policy.ts";
import type { Answered } from "./review.ts";
import type { Snapshot } from "./snapshot.ts";
import type { FailureClass } from "./task.ts";
import type { Actor } from "./trigger.ts";

/** The order for one run, stored with its row: everything a worker on any machine needs. */
export type RunOrder = OrderBase & (Implement | AddressFeedback);

interface Implement {
  readonly purpose: "implement";
}

/** A round over the feedback on our pull request. */
export interface AddressFeedback {
  readonly purpose: "address_feedback";
  readonly pullRequest: number;
  /** Which round over feedback this is, from 1. */
  readonly round: number;
  /** What wants an answer, and what rides along. */
  readonly items: readonly FeedbackItem[];
  /** How earlier rounds answered, oldest first: every agent begins with no memory of them. */
  readonly earlier: readonly LedgerRow[];
}

interface OrderBase {
  readonly profile: string;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
  readonly branch: string;
  /** Head the branch already has; undefined when the branch does not exist yet. */
  readonly parent: string | undefined;
  readonly requestedBy: Actor;
}

/** How a run ended, as values. `changed` means: passed the gate and is committed, ready to be pushed. */
export type RunOutcome =
  | {
      readonly kind: "changed";
      readonly headSha: string;
      readonly baseSha: string;
      /** Where our branch was when the work began; undefined when there was none. The push expects it there. */
      readonly parent?: string | undefined;
      readonly report: RunReport;
    }
  /** Nothing had to change, but the feedback has its answers. */
  | { readonly kind: "answered"; readonly feedback: Answered }
  | { readonly kind: "no_change"; readonly reason: string }
  | { readonly kind: "question"; readonly question: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "limit"; readonly which: LimitName }
  | { readonly kind: "gate"; readonly reasons: readonly string[]; readonly kept: "as_patch" | "not_kept" }
  | { readonly kind: "failed"; readonly class: FailureClass; readonly detail: string };

/** What a run may be ended by; `requests` and `tokens` are the model gateway's. */
export type LimitName = "minutes" | "idle" | "memory" | "disk" | "output" | "requests" | "tokens";

/** What a run used of its model, as the provider counted it. `cachedInput` is part of `input`. */
export interface ModelUsage {
  readonly requests: number;
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** What the pull request tells a reviewer. Texts are the agent's own words: `render/` cleans them before anybody reads them. */
export interface RunReport {
  /** False when the agent left no result file: the title then comes from the issue and the body says so. */
  readonly hasResult: boolean;
  readonly title: string;
  readonly summary: string;
  readonly decisions: readonly string[];
  readonly notDone: readonly string[];
  readonly verification: Verification;
  readonly blockedHosts: readonly string[];
  readonly flaggedPaths: readonly string[];
  readonly changedFiles: number;
  readonly seconds: number;
  /** Undefined for agents that no model gateway stands beside. */
  readonly usage?: ModelUsage | undefined;
  /** In a round over feedback: what became of every item. */
  readonly feedback?: Answered | undefined;
}

export type Verification =
  | { readonly kind: "not_configured" }
  | { readonly kind: "passed"; readonly commands: readonly string[]; readonly tail: string }
  | { readonly kind: "failed"; readonly command: string; readonly tail: string; readonly attempts: number };
