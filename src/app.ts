import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import { createRunner, redactor } from "./agent-runner/index.ts";
import type { Config, Role } from "./config.ts";
import { createGit } from "./git/index.ts";
import { createGitHub } from "./github/index.ts";
import { createAuthoriser } from "./handlers/authorise-trigger.ts";
import { commands } from "./handlers/command.ts";
import { githubPort, policyReader, renderPrompt, reviewReader, webhookWords } from "./joints.ts";
import { type Address, listen, listenForHealth, portOf } from "./listen.ts";
import type { Log } from "./log.ts";
import { createOrchestrator, type Orchestrator } from "./orchestrator/orchestrator.ts";
import { createReconciler, type Reconciler } from "./orchestrator/reconcile.ts";
import type { ReconcileReport } from "./orchestrator/reconcile-pass.ts";
import { ownerOf } from "./orchestrator/store/effects.ts";
import { openStore, type Store } from "./orchestrator/store/open-store.ts";
import { createPauses } from "./orchestrator/store/pauses.ts";
import type { QueueSettings } from "./orchestrator/store/queue.ts";
import { findTaskByPullRequest } from "./orchestrator/store/tasks.ts";
import { type Identity, takeIdentity } from "./orchestrator/store/worker-identity.ts";
import { startWorkers, type WorkerParts, type Workers } from "./orchestrator/workers.ts";
import { runSettings } from "./run-settings.ts";

export interface AppOptions {
  readonly log: Log;
  /** Everything when left out. */
  readonly role?: Role;
  readonly queue?: Partial<QueueSettings>;
  /** Time as GitHub's limits and the outbox see it; the machine's when left out. */
  readonly clock?: { now(): number; sleep(milliseconds: number): Promise<void> };
  /** How often GitHub is asked for what no webhook told of, in milliseconds; 15 minutes when left out. */
  readonly reconcileEveryMs?: number;
}

/** A running Baton. */
export interface App {
  /** Empty when nothing is listened to. */
  readonly url: string;
  readonly store: Store;
  /** Compares with GitHub now instead of waiting for the next time. */
  reconcile(): Promise<ReconcileReport>;
  /** Takes nothing new, gives live runs `graceMs` (20 s) to end, gives the rest back to the queue, lets go of all. */
  drain(graceMs?: number): Promise<void>;
}

/** The sandbox does not work here, and no agent runs without one. */
export class SandboxUnavailable extends Error {
  readonly code = "SANDBOX_UNAVAILABLE";
}

/** GitHub is asked this often for what no webhook told of, in milliseconds. */
const reconcileEveryMs = 15 * 60_000;

/**
 * Composition root: with `joints.ts` and `listen.ts` the only place that knows every part. Starts everything in the order in which it depends on each
 * other, the ears last.
 *
 * @throws SandboxUnavailable, IdentityTaken, StoreError, or GitHub's refusal of the App's key: Baton does not start half
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const { log, role = "all" } = options;
  const works = role !== "web";
  const runner = createRunner({
    hidden: [config.dataDir, ...config.privateFiles],
    agentsDir: config.agentsDir,
    onWarning: (message) => log.warn({ message }, "agent runner"),
  });
  if (works) await requireSandbox(config, runner, log);
  if (works) await mentionMissingAgents(config, runner, log);
  const store = await openStore({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    log,
    queue: options.queue,
  });
  let identity: Identity | undefined;
  try {
    const clock = options.clock ? { clock: options.clock } : {};
    const adapter = createGitHub({ ...config.github, log, pauses: createPauses(store.db), ...clock });
    const self = await adapter.self();
    const orchestrator = createOrchestrator({ store, limits: config.limits });
    const drain = new AbortController();
    const me = { worker: `${hostname()}:${config.dataDir}`, boot: randomUUID() };
    identity = works ? await takeIdentity(store.db, { worker: me.worker, log }) : undefined;
    const parts = { config, options, me, store, orchestrator, runner, adapter, self, drain: drain.signal };
    const reconciler = createAppReconciler(parts);
    // Before anything else happens: only what happens from now on is ours to find.
    if (works) await reconciler.notice();
    const workers = works ? await startWorkers(workerParts(parts)) : undefined;
    const server = await startServer({ config, role, store, orchestrator, log, self });
    const url = server && config.server ? `http://${config.server.host}:${portOf(server)}` : "";
    if (works) reconciler.keepReconciling(options.reconcileEveryMs ?? reconcileEveryMs);
    const draining = { server, store, runner, workers, reconciler, identity, drain };
    return {
      url,
      store,
      reconcile: reconciler.reconcile,
      drain: (graceMs = 20_000) => drainAll({ ...draining, graceMs }),
    };
  } catch (error) {
    await identity?.release();
    await runner.close();
    await store.close();
    throw error;
  }
}

interface JoinedParts {
  readonly config: Config;
  readonly options: AppOptions;
  readonly me: { readonly worker: string; readonly boot: string };
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly runner: ReturnType<typeof createRunner>;
  readonly adapter: ReturnType<typeof createGitHub>;
  readonly self: { readonly appId: number; readonly botUserId: number; readonly slug: string };
  readonly drain: AbortSignal;
}

/** Everything a worker works with, joined. */
function workerParts(joined: JoinedParts): WorkerParts {
  const { config, options, me, store, orchestrator, runner, adapter, self, drain } = joined;
  const { log } = options;
  const clock = options.clock?.now ?? Date.now;
  const git = createGit({ dataDir: config.dataDir });
  const github = githubPort(adapter);
  const readPolicy = policyReader(adapter, config);
  const profiles = Object.keys(config.profiles);
  const authoriser = createAuthoriser({ ...adapter, readPolicy, profiles, ourselves: self, now: clock });
  return {
    effects: {
      store,
      orchestrator,
      log,
      owner: ownerOf(me),
      ports: { github, git, authoriser, reviewer: reviewReader(adapter, readPolicy, self), clock, commands },
    },
    runs: {
      ...me,
      store,
      orchestrator,
      clock,
      log,
      drain,
      ports: { git, github, runner, renderPrompt, workspaces: join(config.dataDir, "workspaces") },
      settings: { settingsFor: (repository, profile) => runSettings(config, repository, profile) },
      redactor,
    },
    slots: config.limits.total,
  };
}

function createAppReconciler(joined: Omit<JoinedParts, "runner">): Reconciler {
  const { config, options, store, orchestrator, adapter, self } = joined;
  const taskOfPullRequest = (repositoryId: number, number: number) =>
    findTaskByPullRequest(store.db, repositoryId, number);
  return createReconciler({
    store,
    orchestrator,
    github: adapter,
    words: webhookWords(policyReader(adapter, config), { ourselves: self, taskOfPullRequest }),
    self,
    clock: options.clock?.now ?? Date.now,
    log: options.log,
  });
}

async function startServer(
  parts: Omit<Parameters<typeof listen>[1], "at"> & { readonly config: Config; readonly role: Role },
): Promise<Server | undefined> {
  const { config, role, store } = parts;
  const at: Address | undefined = config.server;
  if (!at) return undefined;
  return role === "worker" ? listenForHealth(at, store) : listen(config, { ...parts, at });
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

/** Whoever uses such a profile is told too; the operator may know before. */
async function mentionMissingAgents(config: Config, runner: ReturnType<typeof createRunner>, log: Log): Promise<void> {
  const wanted = new Set<string>(Object.values(config.profiles).map(({ agent }) => agent));
  for (const found of await runner.agents())
    if (wanted.has(found.agent) && found.state !== "ready")
      log.warn({ ...found }, "an agent of a profile is not ready");
}

interface Draining {
  readonly server: Server | undefined;
  readonly store: Store;
  readonly runner: ReturnType<typeof createRunner>;
  readonly workers: Workers | undefined;
  readonly reconciler: Reconciler;
  readonly identity: Identity | undefined;
  readonly drain: AbortController;
  readonly graceMs: number;
}

async function drainAll(draining: Draining): Promise<void> {
  const { server, store, runner, workers, reconciler, identity, drain, graceMs } = draining;
  workers?.stop();
  server?.close();
  server?.closeIdleConnections();
  const timer = setTimeout(() => drain.abort(), graceMs);
  const reconciled = reconciler.stop();
  await store.queue.drain();
  await reconciled;
  clearTimeout(timer);
  server?.closeAllConnections();
  await runner.close();
  await identity?.release();
  await store.close();
}
