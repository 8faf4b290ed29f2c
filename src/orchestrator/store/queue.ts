import { sql } from "kysely";
import { fromKysely, type Job, type JobResult, type JobWithMetadata, PgBoss } from "pg-boss";
import type { StoreLog } from "./log.ts";
import type { Connection } from "./pool.ts";
import type { Db, Tx } from "./schema.ts";

/** A worker's hold on a run: the ticket it fetched and how often that ticket had been fetched before. */
export interface Fence {
  readonly ticket: string;
  readonly claim: number;
}

export interface HeldRun {
  readonly run: string;
  readonly fence: Fence;
  /** Aborts when the run was cancelled or its lease was lost: what the worker still does is in vain. */
  readonly signal: AbortSignal;
}

/** Seconds, all of them. Tests make them shorter; pg-boss lives on the database's clock. */
export interface QueueSettings {
  /** A worker silent for this long has lost its run. pg-boss takes no less than 10. */
  readonly heartbeat: number;
  /** How often a live worker beats, and so how late it hears of a cancellation. */
  readonly refresh: number;
  /** How often lapsed leases are looked for. */
  readonly supervise: number;
  /** Longest a run may hold its ticket; above the longest run that limits allow. */
  readonly expire: number;
  /** Before a ticket comes back that a worker gave up; doubles each time, unless it is 0. */
  readonly retryDelay: number;
  /** Backstop when a notification was missed, and how late a delayed ticket may be. */
  readonly poll: number;
}

/** The first four add up to the longest wait until a killed worker's run is started again: 32 seconds. */
const production: QueueSettings = {
  heartbeat: 20,
  supervise: 5,
  retryDelay: 5,
  poll: 2,
  refresh: 2,
  expire: 4 * 3600,
};

/**
 * Tickets for work, delivered to one worker at a time. A ticket is only a hint with a lease: runs and effects are rows
 * of their own, a ticket without a live row means nothing, and a live row without a ticket is found by the sweeper.
 */
export interface Queue {
  sendRuns(tx: Tx, tickets: readonly { readonly run: string; readonly ticket: string }[]): Promise<void>;
  /** Wakes a worker for a task's effects, at once on commit or after some seconds. */
  sendEffects(db: Db, task: string, afterSeconds?: number): Promise<void>;
  /** Renews the lease; false when this claim is no longer the ticket's. */
  hold(tx: Tx, fence: Fence): Promise<boolean>;
  /** Ends the ticket; false when this claim is no longer the ticket's. */
  retire(tx: Tx, fence: Fence): Promise<boolean>;
  /** Withdraws the ticket from whoever holds it. */
  withdraw(tx: Tx, ticket: string): Promise<void>;
  /** Which of these tickets still wait, are held, or are about to be told as lost. */
  liveTickets(db: Db, tickets: readonly string[]): Promise<ReadonlySet<string>>;
  /** Hands out runs, `slots` at a time. Returning or throwing before the run is finished gives the ticket back. */
  workRuns(slots: number, handler: (held: HeldRun) => Promise<void>): Promise<void>;
  /** Hands out runs whose ticket was lost too often to try again. */
  workLostRuns(handler: (lost: { readonly run: string; readonly ticket: string }) => Promise<void>): Promise<void>;
  /** Hands out tasks with effects to do. Throwing brings the task again later. */
  workEffects(handler: (task: string) => Promise<void>): Promise<void>;
  /** No new claims from now on; resolves when the handlers in hand have returned. */
  drain(): Promise<void>;
  /** Stops at once; tickets in hand go back to the queue. */
  close(): Promise<void>;
}

/** Starts pg-boss, which makes its own tables when they are missing (under a lock of its own), and its queues. */
export async function openQueue(
  connection: Connection,
  options: { readonly log: StoreLog; readonly settings?: Partial<QueueSettings> | undefined },
): Promise<Queue> {
  const settings = { ...production, ...options.settings };
  const boss = await startBoss(connection, settings, options.log);
  await makeQueues(boss, settings).catch(async (error: unknown) => {
    await boss.stop({ graceful: false, close: true });
    throw error;
  });
  return { ...tickets(boss), ...workers(boss, settings, options.log) };
}

const RUNS = "run";
const LOST = "run.lost";
const EFFECTS = "effects";

async function startBoss(connection: Connection, settings: QueueSettings, log: StoreLog): Promise<PgBoss> {
  const boss = new PgBoss({
    ...connection,
    application_name: "baton-queue",
    max: 4,
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: settings.supervise,
    monitorIntervalSeconds: settings.supervise,
  });
  boss.on("error", (error) => log.error({ err: error }, "queue error"));
  boss.on("warning", (warning) => log.warn({ warning: warning.message }, "queue warning"));
  return boss.start();
}

async function makeQueues(boss: PgBoss, settings: QueueSettings): Promise<void> {
  const { heartbeat, expire, retryDelay } = settings;
  const backoff = (most: number) =>
    retryDelay > 0 ? { retryDelay, retryBackoff: true, retryDelayMax: most } : { retryDelay, retryBackoff: false };
  const common = { notify: true, heartbeatSeconds: heartbeat };
  const queues = [
    { name: LOST, options: { notify: true, retryLimit: 1000, retryDelay, deleteAfterSeconds: 86_400 } },
    {
      name: RUNS,
      options: {
        ...common,
        ...backoff(900),
        retryLimit: 3,
        expireInSeconds: expire,
        deadLetter: LOST,
        deleteAfterSeconds: 86_400,
      },
    },
    { name: EFFECTS, options: { ...common, ...backoff(60), retryLimit: 1000, deleteAfterSeconds: 600 } },
  ];
  for (const { name, options } of queues) {
    await boss.createQueue(name, { policy: "standard", ...options });
    await boss.updateQueue(name, options);
  }
}

function tickets(boss: PgBoss): Omit<Queue, keyof ReturnType<typeof workers>> {
  return {
    async sendRuns(tx, runs) {
      const jobs = runs.map(({ run, ticket }) => ({ id: ticket, data: { run } }));
      if (jobs.length > 0) await boss.insert(RUNS, jobs, within(tx));
    },
    async sendEffects(db, task, afterSeconds = 0) {
      await boss.send(EFFECTS, { task }, { ...within(db), startAfter: afterSeconds });
    },
    async hold(tx, fence) {
      return wasAffected(await boss.touch(RUNS, attempt(fence), within(tx)));
    },
    async retire(tx, fence) {
      return wasAffected(await boss.complete(RUNS, attempt(fence), null, within(tx)));
    },
    async withdraw(tx, ticket) {
      await boss.cancel(RUNS, ticket, within(tx));
    },
    async liveTickets(db, ids) {
      const { rows } = await sql<{ id: string }>`
        select coalesce(source_id, id) as id from pgboss.job
        where state in ('created', 'retry', 'active') and (
          name = ${RUNS} and id = any(${[...ids]}::uuid[]) or name = ${LOST} and source_id = any(${[...ids]}::uuid[])
        )`.execute(db);
      return new Set(rows.map((row) => row.id));
    },
  };
}

function workers(boss: PgBoss, settings: QueueSettings, log: StoreLog) {
  const polling = { pollingIntervalSeconds: settings.poll, notifyPollingIntervalSeconds: settings.poll };
  return {
    async workRuns(slots: number, handler: (held: HeldRun) => Promise<void>): Promise<void> {
      const options = { ...polling, batchSize: 1, localConcurrency: slots, heartbeatRefreshSeconds: settings.refresh };
      await boss.work<{ run: string }>(RUNS, options, async (jobs) => {
        for (const job of jobs) await handler(heldRun(job));
      });
    },
    async workLostRuns(
      handler: (lost: { readonly run: string; readonly ticket: string }) => Promise<void>,
    ): Promise<void> {
      await boss.work(LOST, { ...polling, includeMetadata: true }, async (jobs: JobWithMetadata<{ run: string }>[]) => {
        for (const job of jobs) if (job.sourceId) await handler({ run: job.data.run, ticket: job.sourceId });
      });
    },
    async workEffects(handler: (task: string) => Promise<void>): Promise<void> {
      // In batches, because a worker that takes one ticket at a time rests a whole poll between two; and several
      // workers, because a batch ends with its slowest task and the others must not wait for it.
      const options = {
        ...polling,
        batchSize: 20,
        localConcurrency: 4,
        burstWhenBatchFull: true,
        perJobResults: true as const,
      };
      await boss.work<{ task: string }, unknown, typeof options>(EFFECTS, options, (jobs) =>
        workBatch(jobs, { handler, log }),
      );
    },
    async drain(): Promise<void> {
      await Promise.all([RUNS, LOST, EFFECTS].map((name) => boss.offWork(name, { wait: true })));
    },
    async close(): Promise<void> {
      await boss.stop({ graceful: false, close: true });
    },
  };
}

interface BatchWork {
  readonly handler: (task: string) => Promise<void>;
  readonly log: StoreLog;
}

/** Two tickets for one task in a batch are one piece of work. */
async function workBatch(jobs: Job<{ task: string }>[], { handler, log }: BatchWork): Promise<JobResult[]> {
  const tasks = Map.groupBy(jobs, (job) => job.data.task);
  const results = [...tasks].map(async ([task, same]): Promise<JobResult[]> => {
    const error = await handler(task).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    if (error === undefined) return same.map(({ id }) => ({ id, status: "completed" }));
    log.error({ task, err: error }, "effects of a task stopped");
    return same.map(({ id }) => ({ id, status: "failed" }));
  });
  return (await Promise.all(results)).flat();
}

function heldRun(job: Job<{ run: string }>): HeldRun {
  return { run: job.data.run, fence: { ticket: job.id, claim: job.retryCount }, signal: job.signal };
}

function attempt(fence: Fence): { id: string; retryCount: number } {
  return { id: fence.ticket, retryCount: fence.claim };
}

function within(db: Db): { db: ReturnType<typeof fromKysely> } {
  return { db: fromKysely(db.withoutPlugins()) };
}

/** pg-boss types its answer as an empty object; what it sends is a count. */
function wasAffected(response: object): boolean {
  return "affected" in response && response.affected === 1;
}
