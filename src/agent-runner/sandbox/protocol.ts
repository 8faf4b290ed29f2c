import type { Box, Limit } from "../types.ts";

/**
 * What the app and a run's supervisor say to each other: one JSON value per line, orders on the supervisor's standard
 * input, reports on its standard output. Both ends are ours; output of the sandboxed command only travels inside a
 * report, so it cannot forge one.
 */
export interface SandboxCommand {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Keeps standard input open for `say`; standard output is lines for whoever talks, not output for people. */
  readonly talk?: boolean;
  /** Readable besides the system directories. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Read-only although they lie below a writable directory. They must exist. */
  readonly denyWrite: readonly string[];
  readonly network: readonly string[];
  readonly limits: CommandLimits;
}

export interface CommandLimits {
  /** Milliseconds of wall clock, and of silence: no output, no processor time, no change of processes. */
  readonly wallMs: number;
  readonly idleMs: number;
  readonly memoryMb: number;
  readonly pids: number;
  /** Total size of the writable directories, and largest single file. */
  readonly diskMb: number;
  readonly fileMb: number;
}

export interface CommandOutput {
  /** Last 64 KiB of standard output and error together, cleaned of control characters. */
  readonly tail: string;
  /** `host:port` of every connection that was refused. */
  readonly blockedHosts: readonly string[];
}

export type CommandEnd =
  | ({ readonly kind: "exited"; readonly code: number } & CommandOutput)
  | ({ readonly kind: "limit"; readonly which: Limit } & CommandOutput)
  /** The sandbox could not be built, or its supervisor is gone. */
  | { readonly kind: "broken"; readonly detail: string };

/** What the app tells a supervisor. All but `run` are about the command that is running, and are void without one. */
export type Order =
  | { readonly type: "run"; readonly command: SandboxCommand }
  /** One line for a talking command's standard input. */
  | { readonly type: "say"; readonly line: string }
  /** Closes that input. */
  | { readonly type: "hush" }
  /** Somebody saw the command work where the supervisor cannot look: it is not idle. */
  | { readonly type: "alive" }
  /** Kills the command, not the sandbox. */
  | { readonly type: "kill" };

export type Report =
  | { readonly type: "ready" }
  | { readonly type: "refused"; readonly detail: string }
  /** Identity of the pid namespace the command lives in, so that its end can be proved from outside. */
  | { readonly type: "started"; readonly pidNamespace: string }
  | { readonly type: "output"; readonly lines: readonly string[] }
  /** One line of a talking command's standard output. */
  | { readonly type: "said"; readonly line: string }
  | { readonly type: "ended"; readonly end: CommandEnd };

/** First argument of the supervisor. */
export interface SupervisorOptions {
  readonly driver: Box["driver"];
  /** Directory only the supervisor writes to: its sockets live there. */
  readonly ownDir: string;
  /** Counter file of the kernel's memory killer for this run's control group, where there is one. */
  readonly oomCounter?: string | undefined;
  readonly oomKillsBefore?: number;
}

/** The program in a supervisor's own directory that sandbox-runtime takes for `socat`. */
export function relayIn(ownDir: string): string {
  return `${ownDir}/socat`;
}

/** The program in a supervisor's own directory that sandbox-runtime takes for `bwrap`. */
export function builderIn(ownDir: string): string {
  return `${ownDir}/bwrap`;
}
