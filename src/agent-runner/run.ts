import { engageAcp } from "./agents/acp.ts";
import type { Agent, Engaged, Shift } from "./agents/agent.ts";
import { engageCommand } from "./agents/command.ts";
import { atBench, failed, interruptionOf, type OpenBench } from "./bench.ts";
import { exportChange } from "./export.ts";
import type { Gateway } from "./gateway/types.ts";
import { type ReadResult, readResultFile } from "./result-file.ts";
import { runSetup } from "./setup.ts";
import type { AgentResult, RunEnd, RunListener, RunOutcome, RunRequest } from "./types.ts";
import { layoutOf } from "./workspace/layout.ts";

export interface Surroundings {
  /** Paths no agent may ever see, wherever its program lies. */
  readonly hidden: readonly string[];
  readonly onWarning: (message: string) => void;
}

export interface AgentSurroundings extends Surroundings {
  readonly agentsDir: string;
  readonly gateway: () => Promise<Gateway>;
}

/**
 * One run of an agent: workspace, setup, agent, export (product.md §3). Every expected end is a value; nothing of the
 * run is alive when it resolves, and nothing it was lent is of use any more.
 */
export async function runAgent(
  request: RunRequest,
  listener: RunListener,
  around: AgentSurroundings,
): Promise<RunOutcome> {
  listener.onPhase("preparing");
  if (listener.signal.aborted) return { kind: "stopped" };
  const engaged = await engage(request, around);
  if (engaged.kind === "refused") return engaged.why;
  const { agent } = engaged;
  const order = {
    ...request,
    ...listener,
    onWarning: around.onWarning,
    network: [...request.network, ...agent.network, ...request.setup.network],
    agentFiles: agent.files,
    reach: agent.reads,
  };
  let end: RunEnd;
  try {
    end = await atBench<RunEnd>(order, (bench) => work({ request, listener, bench, agent }));
  } finally {
    agent.dismiss();
  }
  const usage = agent.usage();
  return usage === undefined ? end : { ...end, usage };
}

async function engage(request: RunRequest, around: AgentSurroundings): Promise<Engaged> {
  if (request.agent.kind === "command") {
    const hidden = [...around.hidden, request.root, request.source.gitDir, ...request.source.objectDirs];
    return engageCommand(request.agent.command, hidden);
  }
  return engageAcp(request.agent, {
    ...around,
    layout: layoutOf(request.root),
    idleMs: request.limits.idleMinutes * 60_000,
  });
}

interface Work {
  readonly request: RunRequest;
  readonly listener: RunListener;
  readonly bench: OpenBench;
  readonly agent: Agent;
}

async function work(work: Work): Promise<RunEnd> {
  const { request, listener, bench, agent } = work;
  const endsAt = performance.now() + request.limits.minutes * 60_000;
  if (request.setup.run.length > 0) listener.onPhase("setting_up");
  const setup = await runSetup(bench, { setup: request.setup, endsAt, idleMs: request.limits.idleMinutes * 60_000 });
  if (setup.kind === "failed") return failed("setup_failed", setup.detail);
  if (setup.kind === "ended") return interruptionOf(setup.end, listener.signal);
  listener.onPhase("agent_working");
  const end = await agent.work({ bench, listener, prompt: request.prompt, order: agentOrder(work, endsAt) });
  if (end.kind !== "done") return end;
  const blockedHosts = [...new Set([...setup.blockedHosts, ...end.blockedHosts])].sort();
  return judge(work, await readResultFile(bench.workspace.layout.resultFile), blockedHosts);
}

function agentOrder({ request, bench, agent }: Work, endsAt: number): Shift["order"] {
  const { layout } = bench.workspace;
  return {
    network: [...request.network, ...agent.network],
    wallMs: Math.max(0, endsAt - performance.now()),
    idleMs: request.limits.idleMinutes * 60_000,
    env: { BATON_RUN: request.runId, BATON_RESULT: layout.resultFile, BATON_CONTEXT: layout.context },
    read: [...agent.reads, layout.context],
    write: [layout.answer],
  };
}

/**
 * What the agent's answer and its tree mean together. A question goes first: whatever was changed was changed in doubt.
 * A result file that cannot be read counts as none when there is a change to show, and fails the run when there is not.
 */
async function judge({ bench, listener }: Work, read: ReadResult, blockedHosts: readonly string[]): Promise<RunEnd> {
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
