import type { OpenBench } from "./bench.ts";
import type { CommandEnd } from "./sandbox/protocol.ts";
import type { Setup } from "./types.ts";
import { foreignCommand, shellLine } from "./workspace/commands.ts";

export type SetupEnd =
  | { readonly kind: "done"; readonly blockedHosts: readonly string[] }
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "ended"; readonly end: Exclude<CommandEnd, { kind: "exited" }> };

export interface SetupOrder {
  readonly setup: Setup;
  /** Moment of `performance.now()` at which the run's wall clock is used up. */
  readonly endsAt: number;
  readonly idleMs: number;
}

/**
 * Runs the repository's setup lines one after the other, each in a sandbox of its own: no prompt, no context, no place
 * for an answer, and the setup's own network list (security.md T19). The first line that fails ends it.
 */
export async function runSetup(bench: OpenBench, { setup, endsAt, idleMs }: SetupOrder): Promise<SetupEnd> {
  const blocked = new Set<string>();
  for (const line of setup.run) {
    const wallMs = Math.max(0, endsAt - performance.now());
    const end = await bench.openBox.run(
      foreignCommand(bench, { argv: shellLine(line), stdin: "", network: setup.network, wallMs, idleMs }),
    );
    if (end.kind !== "exited") return { kind: "ended", end };
    for (const host of end.blockedHosts) blocked.add(host);
    if (end.code !== 0) return { kind: "failed", detail: failure(line, end) };
  }
  return { kind: "done", blockedHosts: [...blocked] };
}

function failure(line: string, end: CommandEnd & { kind: "exited" }): string {
  const hosts = end.blockedHosts.length > 0 ? `\nBlocked hosts: ${end.blockedHosts.join(", ")}` : "";
  return `\`${line}\` ended with exit code ${end.code}.${hosts}\n${end.tail}`.trim();
}
