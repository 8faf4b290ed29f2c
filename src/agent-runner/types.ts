import type { ModelCaps, ModelUsage, Provider } from "./gateway/types.ts";

/**
 * What the agent runner is asked and what it answers: plain values, so that nothing of it leaks into the core.
 * All paths are absolute; all durations say their unit in their name.
 */

/** The commit a workspace is made from. `gitDir` is app-owned: a mirror or a quarantine repository. */
export interface Source {
  readonly gitDir: string;
  /** Every object directory needed to read `sha` (`gitDir/objects` and its alternates). Read-only in the sandbox. */
  readonly objectDirs: readonly string[];
  readonly sha: string;
  /** The commit that the change is told against: `sha`, or an ancestor of it when work goes on from an earlier try. */
  readonly base: string;
  readonly branch: string;
}

/** The operator's `sandbox` settings. `none` isolates nothing and is never chosen silently. */
export interface Box {
  readonly driver: "srt" | "none";
  readonly limits: { readonly memoryMb: number; readonly pids: number; readonly diskMb: number };
}

export interface Setup {
  /** Shell lines, run one after the other in the sandbox. */
  readonly run: readonly string[];
  readonly network: readonly string[];
}

interface InWorkspace {
  readonly runId: string;
  /** Directory of this task's workspace: the same path every time, owned by the runner, emptied at every start. */
  readonly root: string;
  readonly source: Source;
  /** Operator's directory whose content is copied into the workspace and never becomes part of the change. */
  readonly files?: string | undefined;
  readonly setup: Setup;
  readonly box: Box;
}

export interface RunRequest extends InWorkspace {
  readonly agent: AgentChoice;
  /** Hosts the agent may reach: `name` or `name:port`. Address literals only work when they are listed literally. */
  readonly network: readonly string[];
  /** Goes to the agent's standard input or over its protocol, never into its arguments. */
  readonly prompt: string;
  /** Files in a directory outside the tree, named by `BATON_CONTEXT`. */
  readonly context: readonly ContextFile[];
  /** Wall clock of setup and agent together, and the longest time without any sign of life. */
  readonly limits: { readonly minutes: number; readonly idleMinutes: number };
}

export type AgentChoice =
  /** Program and arguments. The program is absolute and is mounted read-only together with its directory. */
  | { readonly kind: "command"; readonly command: readonly string[] }
  /** An agent that speaks the Agent Client Protocol, installed in the runner's directory of agents. */
  | {
      readonly kind: "acp";
      readonly profile: ProfileName;
      readonly model: { readonly provider: Provider; readonly name: string };
      readonly caps: ModelCaps;
    };

/** Agents Baton knows how to start: one file each in `agents/profiles`. */
export type ProfileName = "codex";

export interface ContextFile {
  readonly name: string;
  readonly content: string;
}

export interface VerifyRequest extends InWorkspace {
  readonly commands: readonly string[];
  readonly network: readonly string[];
  readonly minutes: number;
}

export type Limit = "minutes" | "idle" | "memory" | "disk" | "output" | "requests" | "tokens";

/** What an agent may say about its work in the result file. Every part is optional, and none of it is trusted. */
export interface AgentResult {
  readonly title?: string | undefined;
  readonly summary?: string | undefined;
  readonly decisions?: readonly string[] | undefined;
  readonly not_done?: readonly string[] | undefined;
  readonly no_change_reason?: string | undefined;
  readonly question?: string | undefined;
  /** In a round over feedback: what the agent says about each item. */
  readonly answers?: readonly AgentAnswer[] | undefined;
}

/** What an agent says about one item of feedback. Whether there is such an item, and whether it is true, others judge. */
export interface AgentAnswer {
  readonly id: string;
  readonly answer: "fixed" | "declined" | "question" | "duplicate";
  /** Without control characters, cut; may be empty. */
  readonly text: string;
  /** With `duplicate`: the item it repeats. */
  readonly of?: string | undefined;
}

/** A run that did not come to an answer of the agent. */
export type Interruption =
  | { readonly kind: "stopped" }
  | { readonly kind: "limit"; readonly which: Limit }
  | { readonly kind: "failed"; readonly class: RunFailure; readonly detail: string };

export type RunFailure =
  | "agent_missing"
  | "agent_crashed"
  | "setup_failed"
  | "sandbox_unavailable"
  | "bad_result"
  | ModelFailure
  | "internal";

/** Why the provider of the model did not do its part, as the gateway saw it. */
export type ModelFailure =
  | "model_auth"
  | "model_quota"
  | "model_rate"
  | "model_overflow"
  | "model_request"
  | "model_unavailable"
  | "model_silent";

/** How a run ended, and what of the model it used where a gateway stood in between. */
export type RunOutcome = RunEnd & { readonly usage?: ModelUsage };

/** `blockedHosts` are `host:port`, sorted, from setup and agent. */
export type RunEnd =
  | {
      readonly kind: "changed";
      /** App-owned bundle file outside the agent's reach; kept until the next run at the same root or `cleanUp`. */
      readonly bundle: string;
      readonly tip: string;
      readonly result?: AgentResult | undefined;
      /** Why a result file that was there is not used. */
      readonly note?: string;
      readonly blockedHosts: readonly string[];
    }
  | {
      readonly kind: "no_change";
      readonly reason: string;
      readonly result?: AgentResult | undefined;
      readonly blockedHosts: readonly string[];
    }
  | {
      readonly kind: "question";
      readonly question: string;
      readonly result: AgentResult;
      readonly blockedHosts: readonly string[];
    }
  | Interruption;

/**
 * How a verification ended. A command that runs into a limit has `failed` with exit code -1 and says so in its tail;
 * `setup_failed` also covers a workspace that could not be made at all.
 */
export type VerifyOutcome =
  | { readonly kind: "passed"; readonly tail: string; readonly blockedHosts: readonly string[] }
  | {
      readonly kind: "failed";
      readonly command: string;
      readonly exitCode: number;
      readonly tail: string;
      readonly blockedHosts: readonly string[];
    }
  | { readonly kind: "setup_failed"; readonly detail: string }
  | { readonly kind: "stopped" };

export type RunPhase = "preparing" | "setting_up" | "agent_working";

/** What a caller hears while a run goes on. Lines come in batches, in order, without their line ends. */
export interface RunListener {
  readonly signal: AbortSignal;
  readonly onPhase: (phase: RunPhase) => void;
  readonly onOutput: (lines: readonly string[]) => void;
  /** What an agent that speaks a protocol does, in batches, in order. A few mebibytes a run at most. */
  readonly onEvents: (events: readonly AgentEvent[]) => void;
}

/**
 * One step of an agent at work. `at` is milliseconds since 1970. Every text comes from the agent, cut and without
 * control characters, and is otherwise untrusted.
 */
export type AgentEvent = { readonly at: number } & AgentStep;

export type AgentStep =
  /** A piece of what the model says or thinks; the whole is the pieces one after the other. */
  | { readonly k: "text" | "thought"; readonly delta: string }
  /** A tool begins or changes; what is left out stays as it was. */
  | {
      readonly k: "tool";
      readonly id: string;
      readonly kind?: string | undefined;
      readonly title?: string | undefined;
      readonly status?: string | undefined;
    }
  | { readonly k: "plan"; readonly items: readonly { readonly text: string; readonly status: string }[] }
  /** Tokens in the model's context, and how many fit. */
  | { readonly k: "context"; readonly used: number; readonly size: number }
  /** The agent asked whether it may; nobody is there to ask, the sandbox is the answer. */
  | { readonly k: "permission"; readonly title: string; readonly answer: string }
  | { readonly k: "notice"; readonly level: "info" | "warning" | "error"; readonly text: string }
  /** The gateway's count, at the end. */
  | ({ readonly k: "usage" } & ModelUsage);

/** Whether an agent can be started here, and if not, the line that helps. */
export type AgentState =
  | { readonly agent: ProfileName; readonly state: "ready"; readonly version: string }
  | { readonly agent: ProfileName; readonly state: "missing" | "wrong_version"; readonly remedy: string };

export type ProbeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly missing: readonly string[]; readonly remedy: string };
