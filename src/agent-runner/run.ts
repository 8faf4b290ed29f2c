import { findAgentProgram } from "./agent-program.ts";
import { atBench, failed, interruptionOf, type OpenBench } from "./bench.ts";
import { exportChange } from "./export.ts";
import { type ReadResult, readResultFile } from "./result-file.ts";
import { runSetup } from "./setup.ts";
import type { AgentResult, RunListener, RunOutcome, RunRequest } from "./types.ts";
import { foreignCommand } from "./workspace/commands.ts";

export interface Surroundings {
  /** Paths no agent may ever see, wherever its program lies. */
  readonly hidden: readonly string[];
  readonly onWarning: (message: string) => void;
}

/**
 * One run of an agent: workspace, setup, agent, export (product.md §3). Every expected end is a value; nothing of the
 * run is alive when it resolves.
 */
export async function runAgent(request: RunRequest, listener: RunListener, around: Surroundings): Promise<RunOutcome> {
  listener.onPhase("preparing");
  const hidden = [...around.hidden, request.root, request.source.gitDir, ...request.source.objectDirs];
  const program = await findAgentProgram(request.agent.command, hidden);
  if (program.kind === "missing") return failed("agent_missing", program.detail);
  const order = {
    ...request,
    ...listener,
    onWarning: around.onWarning,
    network: [...request.network, ...request.setup.network],
    reach: program.reads,
  };
  return atBench<RunOutcome>(order, (bench) => work({ request, listener, bench, reads: program.reads }));
}

interface Work {
  readonly request: RunRequest;
  readonly listener: RunListener;
  readonly bench: OpenBench;
  readonly reads: readonly string[];
}

async function work(work: Work): Promise<RunOutcome> {
  const { request, listener, bench } = work;
  const endsAt = performance.now() + request.limits.minutes * 60_000;
  if (request.setup.run.length > 0) listener.onPhase("setting_up");
  const setup = await runSetup(bench, { setup: request.setup, endsAt, idleMs: request.limits.idleMinutes * 60_000 });
  if (setup.kind === "failed") return failed("setup_failed", setup.detail);
  if (setup.kind === "ended") return interruptionOf(setup.end, listener.signal);
  listener.onPhase("agent_working");
  const end = await bench.openBox.run(agentCommand(work, endsAt));
  if (end.kind !== "exited") return interruptionOf(end, listener.signal);
  if (listener.signal.aborted) return { kind: "stopped" };
  if (end.code !== 0) return failed("agent_crashed", `The agent ended with exit code ${end.code}.\n${end.tail}`.trim());
  const blockedHosts = [...new Set([...setup.blockedHosts, ...end.blockedHosts])].sort();
  return judge(work, await readResultFile(bench.workspace.layout.resultFile), blockedHosts);
}

function agentCommand({ request, bench, reads }: Work, endsAt: number) {
  const { layout } = bench.workspace;
  const [program, ...args] = request.agent.command;
  return foreignCommand(bench, {
    argv: [program ?? "", ...args],
    stdin: request.prompt,
    network: request.network,
    wallMs: Math.max(0, endsAt - performance.now()),
    idleMs: request.limits.idleMinutes * 60_000,
    env: { BATON_RUN: request.runId, BATON_RESULT: layout.resultFile, BATON_CONTEXT: layout.context },
    read: [...reads, layout.context],
    write: [layout.answer],
  });
}

/**
 * What the agent's answer and its tree mean together. A question goes first: whatever was changed was changed in doubt.
 * A result file that cannot be read counts as none when there is a change to show, and fails the run when there is not.
 */
async function judge(
  { bench, listener }: Work,
  read: ReadResult,
  blockedHosts: readonly string[],
): Promise<RunOutcome> {
  const result = read.kind === "read" ? read.result : undefined;
  if (result?.question) return { kind: "question", question: result.question, result, blockedHosts };
  const exported = await exportChange(bench.openBox, bench);
  if (listener.signal.aborted) return { kind: "stopped" };
  if (exported.kind === "ended") return interruptionOf(exported.end, listener.signal);
  if (exported.kind === "unfit") return failed("bad_result", `The work tree cannot be committed: ${exported.detail}`);
  if (exported.kind === "bundle") {
    const { path: bundle, tip } = exported;
    const note = read.kind === "malformed" ? { note: `The result file was not used: ${read.detail}.` } : {};
    return { kind: "changed", bundle, tip, ...withResult(result), ...note, blockedHosts };
  }
  if (read.kind === "malformed")
    return failed("bad_result", `Nothing was changed and the result file is no use: ${read.detail}.`);
  const reason = result?.no_change_reason ?? "The agent changed nothing and gave no reason.";
  return { kind: "no_change", reason, ...withResult(result), blockedHosts };
}

function withResult(result: AgentResult | undefined): { readonly result?: AgentResult } {
  return result === undefined ? {} : { result };
}
