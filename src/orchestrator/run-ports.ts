import type { FeedbackItem } from "./domain/feedback.ts";
import type { Limits } from "./domain/policy.ts";
import type { LimitName, ModelUsage } from "./domain/run.ts";
import type { Snapshot } from "./domain/snapshot.ts";
import type { ModelFailure, Phase, Repository } from "./domain/task.ts";

/** Objects to cut a workspace from: an app-owned bare repository, read-only in the sandbox. */
export interface Source {
  readonly gitDir: string;
  readonly objectDirs: readonly string[];
  readonly sha: string;
  /** The commit that the agent's change is told against: `sha`, or an ancestor when it goes on from an earlier try. */
  readonly base: string;
  readonly branch: string;
}

export interface Box {
  readonly driver: "srt" | "none";
  readonly limits: { readonly memoryMb: number; readonly pids: number; readonly diskMb: number };
}

/** What every phase in a workspace has in common. */
export interface WorkspaceOrder {
  readonly runId: string;
  /** The task's own directory, the same for each of its runs. */
  readonly root: string;
  readonly source: Source;
  readonly files: string | undefined;
  readonly setup: { readonly run: readonly string[]; readonly network: readonly string[] };
  readonly network: readonly string[];
  readonly box: Box;
}

/** Who works: a program of the operator's, or an agent that speaks the Agent Client Protocol. */
export type Agent =
  | { readonly kind: "command"; readonly command: readonly string[] }
  | {
      readonly kind: "acp";
      readonly profile: "codex";
      readonly model: {
        readonly name: string;
        readonly provider: {
          readonly api: "openai-responses" | "openai-chat";
          readonly baseUrl: string;
          readonly key: string | undefined;
        };
      };
    };

export interface AgentOrder extends WorkspaceOrder {
  readonly agent:
    | (Agent & { readonly kind: "command" })
    | (Agent & { readonly kind: "acp"; readonly caps: { readonly requests: number; readonly tokens: number } });
  readonly prompt: string;
  readonly context: readonly { readonly name: string; readonly content: string }[];
  readonly limits: Pick<Limits, "minutes" | "idleMinutes">;
}

export interface VerifyOrder extends WorkspaceOrder {
  readonly commands: readonly string[];
  readonly minutes: number;
}

/** The agent's own account, schema-checked by the runner. */
export interface AgentResult {
  readonly title?: string | undefined;
  readonly summary?: string | undefined;
  readonly decisions?: readonly string[] | undefined;
  readonly not_done?: readonly string[] | undefined;
  readonly answers?: readonly AgentAnswer[] | undefined;
}

/** What an agent says about one item of feedback: bounded, and otherwise as it said it. */
export interface AgentAnswer {
  readonly id: string;
  readonly answer: "fixed" | "declined" | "question" | "duplicate";
  readonly text: string;
  readonly of?: string | undefined;
}

/** How an agent ended, and what it used of its model where a gateway stood in between. */
export type AgentEnd = AgentEnding & { readonly usage?: ModelUsage };

export type AgentEnding =
  | {
      readonly kind: "changed";
      readonly bundle: string;
      readonly tip: string;
      readonly result?: AgentResult | undefined;
      /** Why a result file that was there is not used. */
      readonly note?: string;
      readonly blockedHosts: readonly string[];
    }
  | { readonly kind: "no_change"; readonly reason: string; readonly result?: AgentResult | undefined }
  | { readonly kind: "question"; readonly question: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "limit"; readonly which: LimitName }
  | {
      readonly kind: "failed";
      readonly class:
        | "agent_missing"
        | "agent_crashed"
        | "setup_failed"
        | "sandbox_unavailable"
        | "bad_result"
        | ModelFailure
        | "internal";
      readonly detail: string;
    };

export type VerifyEnd =
  | { readonly kind: "passed"; readonly tail: string; readonly blockedHosts: readonly string[] }
  | {
      readonly kind: "failed";
      readonly command: string;
      readonly tail: string;
      readonly blockedHosts: readonly string[];
    }
  | { readonly kind: "setup_failed"; readonly detail: string }
  | { readonly kind: "stopped" };

/** A step of an agent at work, as the runner tells it: kept in the transcript, never interpreted. */
export interface AgentEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly k: string;
}

/** What the orchestrator needs of the agent runner. `src/agent-runner` implements it. */
export interface Runner {
  run(
    order: AgentOrder,
    watch: {
      readonly signal: AbortSignal;
      readonly onPhase: (phase: Phase) => void;
      readonly onOutput: (lines: readonly string[]) => void;
      readonly onEvents: (events: readonly AgentEvent[]) => void;
    },
  ): Promise<AgentEnd>;
  verify(order: VerifyOrder, watch: { readonly signal: AbortSignal }): Promise<VerifyEnd>;
  cleanUp(root: string): Promise<void>;
}

/** What the prompt for a run is made of. */
export interface PromptParts {
  readonly rules: string;
  readonly snapshot: Snapshot;
  readonly instructions: string | undefined;
  readonly verifyCommands: readonly string[];
  readonly protectedPaths: readonly string[];
  /** Tail of a red verification, when this is another try. */
  readonly retryTail: string | undefined;
  /** Undefined for an implementation run. */
  readonly round: RoundParts | undefined;
}

/** What the prompt of a round over feedback has besides. */
export interface RoundParts {
  readonly number: number;
  readonly pullRequest: number;
  /** Our own account: what it wrote in a thread is the agent's earlier answer. */
  readonly selfId: number;
  readonly items: readonly FeedbackItem[];
  /** How earlier rounds answered, oldest first. */
  readonly earlier: readonly EarlierAnswer[];
  /** What this run has answered so far, when this is another try. */
  readonly answered: readonly { readonly id: string; readonly answer: string; readonly text: string }[];
  /** What an earlier try of this run left without an answer that can stand, and what is wrong with it. */
  readonly missing: readonly { readonly id: string; readonly why: string }[];
  /** Why the result file of that try was of no use. */
  readonly note: string | undefined;
}

/** One row of the ledger as the agent reads it. */
export interface EarlierAnswer {
  readonly id: string;
  readonly round: number;
  readonly by: string;
  readonly path: string | undefined;
  readonly excerpt: string;
  /** How it was answered, in a few words of ours. */
  readonly answer: string;
  /** The agent's own words. */
  readonly text: string;
}

/** The operator's settings as one run needs them. */
export interface RunSettings {
  readonly agent: Agent;
  readonly limits: Limits;
  readonly network: readonly string[];
  readonly files: string | undefined;
  readonly box: Box;
  /** Values that must never be published: raw and encoded forms are searched for in the diff. */
  readonly secrets: readonly string[];
}

export interface RunSettingsSource {
  /** Undefined when the operator removed the profile since the run was queued. */
  settingsFor(repository: Repository, profile: string): RunSettings | undefined;
}
