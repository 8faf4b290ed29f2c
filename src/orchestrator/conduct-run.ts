import { join } from "node:path";
import type { RunOrder, RunOutcome, Verification } from "./domain/run.ts";
import type { Phase, Repository, Task } from "./domain/task.ts";
import { mapTexts } from "./map-texts.ts";
import type { Git, GitHub, RunRef } from "./ports.ts";
import { commitMessage } from "./render/commit-message.ts";
import type { AgentEnd, PromptParts, Runner, RunSettings, Source, WorkspaceOrder } from "./run-ports.ts";

/** What conducting a run needs from outside. */
export interface ConductPorts {
  readonly git: Git;
  readonly github: Pick<GitHub, "token" | "cloneUrl" | "self">;
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
}

/** The outcome, and for changed work the bundle that lets any machine publish it. */
export interface Conducted {
  readonly outcome: RunOutcome;
  readonly bundle?: Buffer;
  /** Refused work as a patch for the operator: nothing is thrown away (product.md §3.6). */
  readonly patch?: string;
}

/**
 * One run from the mirror to a commit that may be pushed: workspace, agent, quarantine, gate, verification, commit
 * (product.md §3). Nothing here writes to GitHub.
 */
export async function conductRun(ports: ConductPorts, run: RunToConduct, watch: RunWatch): Promise<Conducted> {
  const base = await fetchBase(ports, run);
  if (base.kind === "failed") return { outcome: base };
  try {
    const conducted = await workUntilGreen({ ports, run, watch, base: base.source });
    return { ...conducted, outcome: mapTexts(conducted.outcome, (text) => withoutRoot(text, rootOf(ports, run))) };
  } finally {
    await ports.git.forget(refOf(run));
    await ports.runner.cleanUp(rootOf(ports, run));
  }
}

/** Commands print where they run; that is no reader's business and tells about the operator's machine. */
function withoutRoot(text: string, root: string): string {
  return text.replaceAll(`${root}/repo`, ".").replaceAll(root, "<workspace>");
}

interface Work {
  readonly ports: ConductPorts;
  readonly run: RunToConduct;
  readonly watch: RunWatch;
  readonly base: Source;
}

/** The agent works; a red verification sends it back with the output's tail, `verify.attempts` times. */
async function workUntilGreen(work: Work): Promise<Conducted> {
  const { verify } = work.run.order.policy;
  let retryTail: string | undefined;
  for (let round = 0; ; round++) {
    const end = await letAgentWork(work, retryTail);
    if (end.kind !== "changed") return { outcome: end };
    const gate = await passGate(work, end);
    if (gate.kind === "refused") return gate.conducted;
    if (gate.changedFiles.length === 0)
      return { outcome: { kind: "no_change", reason: "The agent ended with the tree as it was." } };
    const verification = await verifyTree(work, gate.source, round + 1);
    if (verification.kind === "ended") return { outcome: verification.outcome };
    if (verification.kind === "failed" && round < verify.attempts) {
      retryTail = `$ ${verification.command}\n${verification.tail}`;
      continue;
    }
    return commitWork(work, { end, gate, verification });
  }
}

async function fetchBase(
  ports: ConductPorts,
  run: RunToConduct,
): Promise<{ kind: "ok"; source: Source } | (RunOutcome & { kind: "failed" })> {
  const { repository } = run.task;
  const at = { repository, installationId: run.task.installationId };
  const token = await ports.github.token(at, "read");
  const { base } = run.order.policy;
  const fetched = await ports.git.fetchBase({
    repositoryId: repository.id,
    url: ports.github.cloneUrl(repository),
    token,
    branch: base,
    agentBranch: run.order.branch,
  });
  if (fetched.kind === "no_such_branch") return unreadable(`There is no branch \`${base}\`.`);
  if (fetched.kind === "refused") return unreadable(fetched.reason);
  if (fetched.kind === "unavailable") return unreadable(`The repository could not be fetched: ${fetched.cause}`);
  const unsupported = await ports.git.unsupported({ repositoryId: repository.id, sha: fetched.sha });
  if (unsupported) return unreadable(unsupported);
  return {
    kind: "ok",
    source: { gitDir: fetched.gitDir, objectDirs: fetched.objectDirs, sha: fetched.sha, branch: run.order.branch },
  };
}

function unreadable(detail: string): RunOutcome & { kind: "failed" } {
  return { kind: "failed", class: "repository_unreadable", detail };
}

async function letAgentWork(work: Work, retryTail: string | undefined): Promise<AgentEnd> {
  const { ports, run, watch, base } = work;
  const { policy, snapshot } = run.order;
  const prompt = ports.renderPrompt({
    rules: policy.rules,
    snapshot,
    instructions: await instructionsAt(ports.git, run.task.repository, base.sha),
    verifyCommands: policy.verify.run,
    protectedPaths: [...policy.protect.deny, ...policy.protect.hold],
    retryTail,
  });
  return ports.runner.run(
    {
      ...workspaceOrder(work, base),
      agent: { command: run.settings.command },
      prompt,
      context: [],
      limits: lowered(run),
    },
    watch,
  );
}

/** The base commit's instructions, never the branch's own: an agent must not brief its successor (security.md T20). */
async function instructionsAt(git: Git, repository: Repository, sha: string): Promise<string | undefined> {
  for (const path of ["AGENTS.md", "CLAUDE.md"]) {
    const text = await git.readFileAt({ repositoryId: repository.id, sha, path });
    if (text !== undefined && text.trim() !== "") return text;
  }
  return undefined;
}

function lowered(run: RunToConduct): RunSettings["limits"] {
  const { limits } = run.order.policy;
  return {
    minutes: Math.min(run.settings.limits.minutes, limits.minutes ?? Number.POSITIVE_INFINITY),
    idleMinutes: Math.min(run.settings.limits.idleMinutes, limits.idleMinutes ?? Number.POSITIVE_INFINITY),
  };
}

type Changed = AgentEnd & { kind: "changed" };
interface Passed {
  readonly kind: "passed";
  readonly source: Source;
  readonly changedFiles: readonly string[];
  readonly flagged: readonly string[];
}

/** Between the sandbox and anything we own: the bundle goes into quarantine and its tree is judged. */
async function passGate(
  work: Work,
  end: Changed,
): Promise<Passed | { readonly kind: "refused"; readonly conducted: Conducted }> {
  const { ports, run, watch, base } = work;
  watch.onPhase("checking");
  const ref = refOf(run);
  const imported = await ports.git.importBundle({ ...ref, bundle: end.bundle, baseSha: base.sha, tip: end.tip });
  if (imported.kind === "refused") {
    return { kind: "refused", conducted: { outcome: { kind: "gate", reasons: [imported.reason], kept: "not_kept" } } };
  }
  const change = { ...ref, baseSha: base.sha, tip: end.tip, secrets: run.settings.secrets };
  const verdict = await ports.git.judgeTree({ ...change, protect: run.order.policy.protect });
  if (verdict.kind === "refused") {
    const patch = await ports.git.patchOf(change);
    return {
      kind: "refused",
      conducted: { outcome: { kind: "gate", reasons: verdict.reasons, kept: "as_patch" }, patch },
    };
  }
  const source = { gitDir: imported.gitDir, objectDirs: imported.objectDirs, sha: end.tip, branch: base.branch };
  return { kind: "passed", source, changedFiles: verdict.changedFiles, flagged: verdict.flagged };
}

async function verifyTree(
  work: Work,
  source: Source,
  attempt: number,
): Promise<Verification | { readonly kind: "ended"; readonly outcome: RunOutcome }> {
  const { policy } = work.run.order;
  if (policy.verify.run.length === 0) return { kind: "not_configured" };
  work.watch.onPhase("verifying");
  const order = { ...workspaceOrder(work, source), commands: policy.verify.run, minutes: lowered(work.run).minutes };
  const end = await work.ports.runner.verify(order, work.watch);
  switch (end.kind) {
    case "passed":
      return { kind: "passed", commands: policy.verify.run, tail: end.tail };
    case "failed":
      return { kind: "failed", command: end.command, tail: end.tail, attempts: attempt };
    case "setup_failed":
      return { kind: "failed", command: "setup", tail: end.detail, attempts: attempt };
    case "stopped":
      return { kind: "ended", outcome: { kind: "stopped" } };
  }
}

/** One commit by the app: only the final tree is taken, its parent is the recorded base (security.md T27). */
async function commitWork(
  work: Work,
  made: { end: Changed; gate: Passed; verification: Verification },
): Promise<Conducted> {
  const { ports, run, base } = work;
  const { end, gate, verification } = made;
  const title = end.result?.title ?? run.order.snapshot.title;
  const summary = end.result?.summary ?? "";
  const self = await ports.github.self();
  const ref = refOf(run);
  const { headSha } = await ports.git.commit({
    ...ref,
    tip: end.tip,
    parents: [run.order.parent ?? base.sha],
    message: commitMessage({ title, summary, run: run.id, order: run.order }),
    author: { name: self.botLogin, email: self.email },
    at: run.startedAt,
  });
  const bundle = await ports.git.keep({ ...ref, headSha });
  const report = {
    hasResult: end.result !== undefined,
    title,
    summary,
    decisions: end.result?.decisions ?? [],
    notDone: end.result?.not_done ?? [],
    verification,
    blockedHosts: end.blockedHosts,
    flaggedPaths: gate.flagged,
    changedFiles: gate.changedFiles.length,
    seconds: 0,
  };
  return { outcome: { kind: "changed", headSha, baseSha: base.sha, report }, bundle };
}

function workspaceOrder(work: Work, source: Source): WorkspaceOrder {
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

function rootOf(ports: ConductPorts, run: RunToConduct): string {
  return join(ports.workspaces, run.task.id);
}

function refOf(run: RunToConduct): RunRef {
  return { repositoryId: run.task.repository.id, runId: run.id };
}
