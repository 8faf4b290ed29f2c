import { join } from "node:path";
import type { AddressFeedback, RunOrder, RunOutcome } from "../domain/run.ts";
import type { Phase, Task } from "../domain/task.ts";
import type { Git, GitHub, RunRef } from "../ports.ts";
import type { AgentEnd, AgentEvent, PromptParts, Runner, RunSettings, Source, WorkspaceOrder } from "../run-ports.ts";

/** What conducting a run needs from outside. */
export interface ConductPorts {
  readonly git: Git;
  readonly github: Pick<GitHub, "token" | "cloneUrl" | "self" | "forgetToken">;
  readonly runner: Runner;
  readonly renderPrompt: (parts: PromptParts) => string;
  /** Directory under which each task has its workspace. */
  readonly workspaces: string;
}

/** One run to conduct. `startedAt` (ms) is also the time of its commit, so that doing it again gives the same sha. */
export interface RunToConduct {
  readonly id: string;
  readonly task: Task;
  readonly order: RunOrder;
  readonly settings: RunSettings;
  readonly startedAt: number;
}

export interface RunWatch {
  readonly signal: AbortSignal;
  readonly onPhase: (phase: Phase) => void;
  readonly onOutput: (lines: readonly string[]) => void;
  readonly onEvents: (events: readonly AgentEvent[]) => void;
}

/** The outcome, and for changed work the bundle that lets any machine publish it. */
export interface Conducted {
  readonly outcome: RunOutcome;
  readonly bundle?: Buffer;
  /** Refused work as a patch for the operator: nothing is thrown away (product.md §3.6). */
  readonly patch?: string;
}

/** A run in the making, handed from step to step. */
export interface Work {
  readonly ports: ConductPorts;
  readonly run: RunToConduct;
  readonly watch: RunWatch;
  /** Where the work begins: every change is told against it. */
  readonly base: Source;
  /** The base branch's commit. In a round over feedback the work begins elsewhere: at the head of our branch. */
  readonly baseSha: string;
}

/** The agent left something to judge. */
export type Changed = AgentEnd & { readonly kind: "changed" };

/** What every phase in a workspace has in common. */
export function workspaceOrder(work: Work, source: Source): WorkspaceOrder {
  const { ports, run } = work;
  return {
    runId: run.id,
    root: rootOf(ports, run),
    source,
    files: run.settings.files,
    setup: run.order.policy.setup,
    network: run.settings.network,
    box: run.settings.box,
  };
}

/** The task's own directory. */
export function rootOf(ports: ConductPorts, run: RunToConduct): string {
  return join(ports.workspaces, run.task.id);
}

/** The order of a round over feedback; undefined for any other run. */
export function roundOf({ order }: RunToConduct): (RunOrder & AddressFeedback) | undefined {
  return order.purpose === "address_feedback" ? order : undefined;
}

/** How git knows this run. */
export function refOf(run: RunToConduct): RunRef {
  return { repositoryId: run.task.repository.id, runId: run.id };
}

/** The repository may lower the profile's limits, never raise them. */
export function loweredLimits(run: RunToConduct): RunSettings["limits"] {
  const profile = run.settings.limits;
  const { limits } = run.order.policy;
  const lower = (name: keyof RunSettings["limits"]) =>
    Math.min(profile[name], limits[name] ?? Number.POSITIVE_INFINITY);
  return {
    minutes: lower("minutes"),
    idleMinutes: lower("idleMinutes"),
    turns: lower("turns"),
    tokens: lower("tokens"),
  };
}
