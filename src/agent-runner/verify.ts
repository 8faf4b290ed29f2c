import { atBench, type OpenBench } from "./bench.ts";
import type { Surroundings } from "./run.ts";
import { runSetup } from "./setup.ts";
import type { VerifyOutcome, VerifyRequest } from "./types.ts";
import { foreignCommand, shellLine } from "./workspace/commands.ts";

/**
 * Runs the repository's verify lines in a fresh workspace of the exported tree, setup first (product.md §3.7). The tail
 * is what the line that decided printed; silence is allowed for as long as the wall clock.
 */
export async function verifyTree(
  request: VerifyRequest,
  signal: AbortSignal,
  around: Surroundings,
): Promise<VerifyOutcome> {
  const order = {
    ...request,
    signal,
    context: [],
    agentFiles: [],
    reach: [],
    network: [...request.network, ...request.setup.network],
    onOutput: () => {},
    onWarning: around.onWarning,
  };
  const end = await atBench<VerifyOutcome>(order, (bench) => verifyAt(bench, request, signal));
  if (end.kind === "limit") return { kind: "setup_failed", detail: `The workspace ran into the limit: ${end.which}.` };
  if (end.kind === "failed" && "class" in end) return { kind: "setup_failed", detail: end.detail };
  return end;
}

async function verifyAt(bench: OpenBench, request: VerifyRequest, signal: AbortSignal): Promise<VerifyOutcome> {
  const endsAt = performance.now() + request.minutes * 60_000;
  const left = () => Math.max(0, endsAt - performance.now());
  const setup = await runSetup(bench, { setup: request.setup, endsAt, idleMs: left() });
  if (signal.aborted) return { kind: "stopped" };
  if (setup.kind === "failed") return { kind: "setup_failed", detail: setup.detail };
  if (setup.kind === "ended") {
    return {
      kind: "setup_failed",
      detail:
        setup.end.kind === "limit"
          ? `Setup ran into the limit: ${setup.end.which}.\n${setup.end.tail}`
          : setup.end.detail,
    };
  }
  const blocked = new Set(setup.blockedHosts);
  let tail = "";
  for (const command of request.commands) {
    const end = await bench.openBox.run(
      foreignCommand(bench, {
        argv: shellLine(command),
        stdin: "",
        network: request.network,
        wallMs: left(),
        idleMs: left(),
      }),
    );
    if (signal.aborted) return { kind: "stopped" };
    if (end.kind === "broken") return { kind: "setup_failed", detail: end.detail };
    for (const host of end.blockedHosts) blocked.add(host);
    const blockedHosts = [...blocked].sort();
    if (end.kind === "limit") {
      return {
        kind: "failed",
        command,
        exitCode: -1,
        tail: `${end.tail}\nEnded by the limit: ${end.which}.`,
        blockedHosts,
      };
    }
    if (end.code !== 0) return { kind: "failed", command, exitCode: end.code, tail: end.tail, blockedHosts };
    tail = end.tail;
  }
  return { kind: "passed", tail, blockedHosts: [...blocked].sort() };
}
