import { type Selectable, sql } from "kysely";
import type { RunOrder, RunOutcome } from "../domain/run.ts";
import type { Phase, Task } from "../domain/task.ts";
import { LostClaim } from "./errors.ts";
import { toJson } from "./json.ts";
import type { Fence, Queue } from "./queue.ts";
import type { Db, Schema, Tx } from "./schema.ts";

/** A run as stored. `ticket` and `claim` say who holds it; `bundle` is read on its own. */
export type Run = Omit<Selectable<Schema["run"]>, "bundle">;

export interface HeldBy {
  readonly run: string;
  readonly fence: Fence;
}

const columns = [
  "id",
  "seq",
  "taskId",
  "repoId",
  "purpose",
  "state",
  "priority",
  "attempt",
  "order",
  "ticket",
  "claim",
  "worker",
  "boot",
  "phase",
  "baseSha",
  "headSha",
  "outcome",
  "queuedAt",
  "startedAt",
  "finishedAt",
  "cancelAt",
] as const;

/** Puts a run in the queue. It starts when `admit` lets it. */
export async function insertRun(
  tx: Tx,
  task: Task,
  run: { readonly id: string; readonly order: RunOrder; readonly priority?: number },
): Promise<void> {
  const { id, order, priority = 0 } = run;
  await tx
    .insertInto("run")
    .values({ id, taskId: task.id, repoId: task.repository.id, purpose: order.purpose, priority, order: toJson(order) })
    .execute();
}

/** The run as last written. */
export async function readRun(db: Db, id: string): Promise<Run | undefined> {
  return db.selectFrom("run").select(columns).where("id", "=", id).executeTakeFirst();
}

/** The commits of a run's work, kept from the gate until the push. */
export async function readBundle(db: Db, id: string): Promise<Buffer | undefined> {
  const row = await db.selectFrom("run").select("bundle").where("id", "=", id).executeTakeFirst();
  return row?.bundle ?? undefined;
}

/**
 * Takes a run in hand for this worker; each start costs an attempt.
 *
 * @returns undefined when the ticket means nothing any more: the run ended, was cancelled, or has another ticket
 */
export async function startRun(
  tx: Tx,
  queue: Queue,
  start: HeldBy & { readonly worker: string; readonly boot: string },
): Promise<Run | undefined> {
  const { fence, worker, boot } = start;
  const run = await lockRun(tx, start.run);
  if (run?.state !== "active" || run.ticket !== fence.ticket || !(await queue.hold(tx, fence))) return undefined;
  return tx
    .updateTable("run")
    .set({ claim: fence.claim, worker, boot, attempt: run.attempt + 1, phase: null, startedAt: sql<Date>`now()` })
    .where("id", "=", run.id)
    .returning(columns)
    .executeTakeFirst();
}

/**
 * Makes sure that this worker holds the run, until the transaction ends: nobody can take it over before that. Every
 * write about a run that is not fenced by itself comes after this.
 *
 * @throws LostClaim
 */
export async function proveHeld(tx: Tx, queue: Queue, held: HeldBy): Promise<void> {
  await holdRun(tx, queue, held);
}

/** Records how far the run is. @throws LostClaim when this worker no longer holds it */
export async function recordPhase(tx: Tx, queue: Queue, step: HeldBy & { readonly phase: Phase }): Promise<void> {
  const run = await holdRun(tx, queue, step);
  await tx.updateTable("run").set({ phase: step.phase }).where("id", "=", run.id).execute();
}

/** Records the commit that passed the gate, with the objects to publish it from. @throws LostClaim */
export async function recordHead(
  tx: Tx,
  queue: Queue,
  head: HeldBy & { readonly headSha: string; readonly baseSha: string; readonly bundle: Buffer },
): Promise<void> {
  const { headSha, baseSha, bundle } = head;
  const run = await holdRun(tx, queue, head);
  await tx.updateTable("run").set({ headSha, baseSha, bundle }).where("id", "=", run.id).execute();
}

/**
 * Ends a run, ticket and row together, so that a late worker changes neither. `admit` belongs after it.
 *
 * @throws LostClaim when this worker no longer holds the run; roll everything back
 */
export async function finishRun(
  tx: Tx,
  queue: Queue,
  end: HeldBy & { readonly state: "succeeded" | "failed" | "cancelled"; readonly outcome: RunOutcome },
): Promise<void> {
  const run = await lockHeld(tx, end);
  const retired = await queue.retire(tx, end.fence);
  // A cancelled run's ticket is withdrawn already, and nobody else can fetch it: its row alone tells who holds it.
  if (!retired && run.state === "active") throw new LostClaim(`run ${run.id}`);
  await endRow(tx, run.id, end);
}

/**
 * Ends a run whose workers all died: its ticket ran out of attempts, or nobody confirmed its cancellation. Nothing
 * happens when the run has ended or got another ticket meanwhile.
 */
export async function buryRun(
  tx: Tx,
  queue: Queue,
  end: { readonly run: string; readonly ticket: string; readonly outcome: RunOutcome },
): Promise<"ended" | "gone"> {
  const run = await lockRun(tx, end.run);
  if (!run || !isLive(run) || run.ticket !== end.ticket) return "gone";
  await queue.withdraw(tx, end.ticket);
  await endRow(tx, run.id, { state: run.state === "cancelling" ? "cancelled" : "failed", outcome: end.outcome });
  return "ended";
}

/**
 * Stops a run: one that nobody has started is cancelled at once, a started one keeps its slot as `cancelling` until its
 * worker confirms (its signal aborts). `admit` belongs after it.
 */
export async function requestCancel(tx: Tx, queue: Queue, id: string): Promise<"cancelled" | "cancelling" | "ended"> {
  const run = await lockRun(tx, id);
  if (run?.state === "cancelling") return "cancelling";
  if (run?.state !== "queued" && run?.state !== "active") return "ended";
  if (run.ticket) await queue.withdraw(tx, run.ticket);
  if (run.claim === null) {
    await endRow(tx, id, { state: "cancelled", outcome: { kind: "stopped" } });
    return "cancelled";
  }
  await tx.updateTable("run").set({ state: "cancelling", cancelAt: sql<Date>`now()` }).where("id", "=", id).execute();
  return "cancelling";
}

/**
 * Gives a run back to the queue, at its old place and without costing an attempt: the process ends, or a former boot
 * of this worker left it behind. A run that was being cancelled ends instead. `admit` belongs after it.
 *
 * @throws LostClaim when the claim is not the run's any more
 */
export async function interruptRun(tx: Tx, queue: Queue, held: HeldBy): Promise<"queued" | "cancelled"> {
  const run = await lockHeld(tx, held);
  await queue.withdraw(tx, held.fence.ticket);
  if (run.state === "cancelling") {
    await endRow(tx, run.id, { state: "cancelled", outcome: { kind: "stopped" } });
    return "cancelled";
  }
  await requeue(tx, run, Math.max(0, run.attempt - 1));
  return "queued";
}

/** Puts a run without a live ticket back into the queue; see `strandedRuns`. Its attempt is spent. */
export async function requeueStranded(tx: Tx, queue: Queue, id: string): Promise<"queued" | "gone"> {
  const run = await lockRun(tx, id);
  if (run?.state !== "active" || !run.ticket) return "gone";
  if ((await queue.liveTickets(tx, [run.ticket])).size > 0) return "gone";
  await requeue(tx, run, run.attempt);
  return "queued";
}

/** Locks task and run, in the one order everybody takes (see `lockTask`). */
async function lockRun(tx: Tx, id: string): Promise<Run | undefined> {
  await tx
    .selectFrom("task")
    .select("id")
    .where("id", "=", (select) => select.selectFrom("run").select("taskId").where("id", "=", id))
    .forUpdate()
    .executeTakeFirst();
  return tx.selectFrom("run").select(columns).where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
}

async function lockHeld(tx: Tx, held: HeldBy): Promise<Run> {
  const run = await lockRun(tx, held.run);
  const mine = run?.ticket === held.fence.ticket && run.claim === held.fence.claim;
  if (!run || !isLive(run) || !mine) throw new LostClaim(`run ${held.run}`);
  return run;
}

async function holdRun(tx: Tx, queue: Queue, held: HeldBy): Promise<Run> {
  const run = await lockHeld(tx, held);
  if (!(await queue.hold(tx, held.fence)) && run.state === "active") throw new LostClaim(`run ${run.id}`);
  return run;
}

async function endRow(
  tx: Tx,
  id: string,
  end: { readonly state: "succeeded" | "failed" | "cancelled"; readonly outcome: RunOutcome },
): Promise<void> {
  await tx
    .updateTable("run")
    .set({ state: end.state, outcome: toJson(end.outcome), phase: null, finishedAt: sql<Date>`now()` })
    .where("id", "=", id)
    .execute();
}

async function requeue(tx: Tx, run: Run, attempt: number): Promise<void> {
  await tx
    .updateTable("run")
    .set({ state: "queued", attempt, ticket: null, claim: null, worker: null, boot: null, phase: null })
    .where("id", "=", run.id)
    .execute();
}

function isLive(run: Run): boolean {
  return run.state === "active" || run.state === "cancelling";
}
