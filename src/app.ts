import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { Server } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { Probot } from "probot";
import { createRunner, redactor } from "./agent-runner/index.ts";
import type { Config } from "./config.ts";
import { createGit } from "./git/index.ts";
import { createGitHub } from "./github/index.ts";
import { createAuthoriser } from "./handlers/authorise-trigger.ts";
import { commands } from "./handlers/command.ts";
import { createIngress, type VerifiedDelivery } from "./handlers/guard.ts";
import { registerHandlers } from "./handlers/register.ts";
import { githubPort, policyReader, renderPrompt } from "./joints.ts";
import type { Log } from "./log.ts";
import { type EffectWorkerParts, workOnEffects } from "./orchestrator/effect-worker.ts";
import { createOrchestrator, type Orchestrator } from "./orchestrator/orchestrator.ts";
import { bury, type ReconcileParts, reclaimFormerBoots, sweep } from "./orchestrator/reconcile.ts";
import { type RunWorkerParts, workOnRun } from "./orchestrator/run-worker.ts";
import { openStore, type Store } from "./orchestrator/store/open-store.ts";
import type { QueueSettings } from "./orchestrator/store/queue.ts";
import { findTaskByPullRequest } from "./orchestrator/store/tasks.ts";
import { pullRequestClosed } from "./review-watch/watch.ts";
import { runSettings } from "./run-settings.ts";

export interface AppOptions {
  readonly log: Log;
  readonly queue?: Partial<QueueSettings>;
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
 * Composition root: the only file that knows every part. Starts everything in the order in which it depends on each
 * other, the ears last.
 *
 * @throws SandboxUnavailable, StoreError, or GitHub's refusal of the App's key: Baton does not start half
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const { log } = options;
  const clock = Date.now;
  const runner = createRunner({
    hidden: [config.dataDir],
    onWarning: (message) => log.warn({ message }, "agent runner"),
  });
  await requireSandbox(config, runner, log);
  const adapter = createGitHub({ ...config.github, log });
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
    const identity = { worker: hostname(), boot: randomUUID() };
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

interface EarParts {
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly log: Log;
  readonly self: { readonly appId: number; readonly botUserId: number };
}

async function listen(config: Config, { store, orchestrator, log, self }: EarParts): Promise<Server> {
  const taskOfPullRequest = (repositoryId: number, number: number) =>
    findTaskByPullRequest(store.db, repositoryId, number);
  // Probot's event table only: its log would show payloads, and its server and set-up pages are not started.
  const app = new Probot({
    appId: self.appId,
    privateKey: config.github.privateKey,
    secret: config.github.webhookSecret,
    log: pino({ level: "silent" }),
  });
  const translate = registerHandlers({
    app,
    context: { ourselves: self, taskOfPullRequest },
    more: { "pull_request.closed": (payload) => pullRequestClosed(payload, { taskOfPullRequest }) },
  });
  const accept = async (delivery: VerifiedDelivery): Promise<void> => {
    const fact = await translate(delivery);
    const { id, event, action, rawBody: body } = delivery;
    const record = { id, event, action, installationId: fact?.installationId, semanticKey: fact?.semanticKey, body };
    if (fact) await orchestrator.receive({ ...fact, delivery: record });
    else await orchestrator.record(record, "no family");
    log.info({ delivery: id, event, action, repository: fact?.repository.id, issue: fact?.issue }, "delivery accepted");
  };
  const server = createIngress({
    secret: config.github.webhookSecret,
    accept,
    readiness: () => readiness(store),
    onFailure: (error, delivery) =>
      log.error({ err: error, delivery: delivery.id, event: delivery.event }, "delivery not accepted"),
  });
  server.listen(config.server.port, config.server.host);
  await once(server, "listening");
  return server;
}

async function readiness(store: Store): Promise<{ kind: "ready" } | { kind: "not_ready"; reason: string }> {
  try {
    await store.db.selectFrom("task").select("id").limit(1).execute();
    return { kind: "ready" };
  } catch {
    return { kind: "not_ready", reason: "the database does not answer" };
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
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
