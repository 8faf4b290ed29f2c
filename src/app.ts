import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import { createRunner, redactor } from "./agent-runner/index.ts";
import type { Config } from "./config.ts";
import { createGit } from "./git/index.ts";
import { createGitHub } from "./github/index.ts";
import { createAuthoriser } from "./handlers/authorise-trigger.ts";
import { commands } from "./handlers/command.ts";
import { githubPort, policyReader, renderPrompt } from "./joints.ts";
import { listen, portOf } from "./listen.ts";
import type { Log } from "./log.ts";
import { type EffectWorkerParts, workOnEffects } from "./orchestrator/effect-worker.ts";
import { createOrchestrator } from "./orchestrator/orchestrator.ts";
import { bury, type ReconcileParts, reclaimFormerBoots, sweep } from "./orchestrator/reconcile.ts";
import { type RunWorkerParts, workOnRun } from "./orchestrator/run-worker.ts";
import { openStore, type Store } from "./orchestrator/store/open-store.ts";
import type { QueueSettings } from "./orchestrator/store/queue.ts";
import { runSettings } from "./run-settings.ts";

export interface AppOptions {
  readonly log: Log;
  readonly queue?: Partial<QueueSettings>;
  /** Time as the pace of writes to GitHub sees it; the machine's when left out. */
  readonly clock?: { now(): number; sleep(milliseconds: number): Promise<void> };
}

/** A running Baton. */
export interface App {
  readonly url: string;
  readonly store: Store;
  /** Takes nothing new, gives live runs `graceMs` (20 s) to end, gives the rest back to the queue, lets go of all. */
  drain(graceMs?: number): Promise<void>;
}

/** The sandbox does not work here, and no agent runs without one. */
export class SandboxUnavailable extends Error {
  readonly code = "SANDBOX_UNAVAILABLE";
}

/** What crashes leave behind is looked for this often, in milliseconds. */
const sweepEveryMs = 60_000;

/**
 * Composition root: with `joints.ts` and `listen.ts` the only place that knows every part. Starts everything in the order in which it depends on each
 * other, the ears last.
 *
 * @throws SandboxUnavailable, StoreError, or GitHub's refusal of the App's key: Baton does not start half
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const { log } = options;
  const clock = Date.now;
  const runner = createRunner({
    hidden: [config.dataDir, ...config.privateFiles],
    onWarning: (message) => log.warn({ message }, "agent runner"),
  });
  await requireSandbox(config, runner, log);
  const adapter = createGitHub({ ...config.github, log, ...(options.clock ? { clock: options.clock } : {}) });
  const self = await adapter.self();
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    log,
    queue: options.queue,
  });
  try {
    const orchestrator = createOrchestrator({ store, limits: config.limits });
    const git = createGit({ dataDir: config.dataDir });
    const github = githubPort(adapter);
    const identity = { worker: `${hostname()}:${config.dataDir}`, boot: randomUUID() };
    const readPolicy = policyReader(adapter, config);
    const authoriser = createAuthoriser({
      ...adapter,
      readPolicy,
      profiles: Object.keys(config.profiles),
      ourselves: self,
      now: clock,
    });
    const drain = new AbortController();
    const workers = await startWorkers({
      effects: { store, orchestrator, log, owner: identity.boot, ports: { github, git, authoriser, clock, commands } },
      runs: {
        ...identity,
        store,
        orchestrator,
        clock,
        log,
        drain: drain.signal,
        ports: { git, github, runner, renderPrompt, workspaces: join(config.dataDir, "workspaces") },
        settings: { settingsFor: (repository, profile) => runSettings(config, repository, profile) },
        redact: (text, secrets) => redactor(secrets).redact(text),
      },
      slots: config.limits.total,
    });
    const server = await listen(config, { store, orchestrator, log, self });
    const url = `http://${config.server.host}:${portOf(server)}`;
    return { url, store, drain: (graceMs = 20_000) => drainAll({ server, store, workers, drain, graceMs }) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function requireSandbox(config: Config, runner: ReturnType<typeof createRunner>, log: Log): Promise<void> {
  const { driver, memoryMb, pids, diskMb } = config.sandbox;
  if (driver === "none") log.warn("sandbox.driver is none: agents run with everything this user may do");
  const probe = await runner.probe({ driver, limits: { memoryMb, pids, diskMb } });
  if (!probe.ok)
    throw new SandboxUnavailable(
      `The sandbox does not work here (missing: ${probe.missing.join(", ")}).\n${probe.remedy}`,
    );
}

interface WorkerParts {
  readonly effects: EffectWorkerParts;
  readonly runs: RunWorkerParts;
  readonly slots: number;
}

interface Workers {
  stop(): void;
}

/** What a former start left behind first, then everybody to work. */
async function startWorkers({ effects, runs, slots }: WorkerParts): Promise<Workers> {
  const { store, log } = runs;
  const parts: ReconcileParts = { store, orchestrator: runs.orchestrator, clock: runs.clock, log };
  await reclaimFormerBoots(parts, runs);
  await store.queue.workEffects((task) => workOnEffects(effects, task));
  await store.queue.workLostRuns((lost) => bury(parts, lost));
  await store.queue.workRuns(slots, (held) => workOnRun(runs, held));
  await sweep(parts);
  const timer = setInterval(() => {
    sweep(parts).catch((cause: unknown) => log.error({ err: cause }, "sweep failed; the next one tries again"));
  }, sweepEveryMs);
  return { stop: () => clearInterval(timer) };
}

interface Draining {
  readonly server: Server;
  readonly store: Store;
  readonly workers: Workers;
  readonly drain: AbortController;
  readonly graceMs: number;
}

async function drainAll({ server, store, workers, drain, graceMs }: Draining): Promise<void> {
  workers.stop();
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => drain.abort(), graceMs);
  await store.queue.drain();
  clearTimeout(timer);
  server.closeAllConnections();
  await store.close();
}
