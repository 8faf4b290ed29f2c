import type { OpenBench } from "../bench.ts";
import type { ModelUsage } from "../gateway/types.ts";
import type { ContextFile, Interruption, RunListener } from "../types.ts";
import type { ForeignOrder } from "../workspace/commands.ts";

/** An agent that was found on this machine and may begin on one request. */
export interface Agent {
  /** Host paths it has to see. */
  readonly reads: readonly string[];
  /** Hosts it may reach besides the request's. */
  readonly network: readonly string[];
  /** Its settings: laid into a directory of its own before anything of the repository runs. */
  readonly files: readonly ContextFile[];
  readonly work: (shift: Shift) => Promise<AgentEnd>;
  /** What it used of a model so far; undefined for one that brings its own. */
  readonly usage: () => ModelUsage | undefined;
  /** Takes back what it was lent. To be called whatever happened. */
  readonly dismiss: () => void;
}

export type Engaged =
  | { readonly kind: "ready"; readonly agent: Agent }
  | { readonly kind: "refused"; readonly why: Interruption };

/** One agent's time at the bench: all that its driver needs to know. */
export interface Shift {
  readonly bench: OpenBench;
  readonly prompt: string;
  readonly listener: RunListener;
  /** The same for every kind of agent: environment, limits, what it may read and write. */
  readonly order: Omit<ForeignOrder, "argv" | "stdin">;
}

export type AgentEnd = { readonly kind: "done"; readonly blockedHosts: readonly string[] } | Interruption;
