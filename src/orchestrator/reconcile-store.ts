import type { Orchestrator } from "./orchestrator.ts";
import type { Clock } from "./ports.ts";
import { dueTasks } from "./store/effects.ts";
import { LostClaim } from "./store/errors.ts";
import type { StoreLog } from "./store/log.ts";
import type { Store } from "./store/open-store.ts";
import { overdueCancels, runsOfFormerBoots, strandedRuns } from "./store/run-queries.ts";
import { buryRun, interruptRun, readRun, requeueStranded } from "./store/runs.ts";
import { lockTaskById } from "./store/tasks.ts";

/** What setting the store right takes. */
export interface SweepParts {
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly clock: Clock;
  readonly log: StoreLog;
}

/** A cancellation that nobody confirmed for this long belongs to a dead worker. */
const overdueSeconds = 90;

/**
 * Gives back what an earlier start of this worker held when it died: at once, because it is certain (engine.md §7).
 * It costs no attempt.
 */
export async function reclaimFormerBoots(
  parts: SweepParts,
  me: { readonly worker: string; readonly boot: string },
): Promise<void> {
  const { store, orchestrator, clock, log } = parts;
  for (const held of await runsOfFormerBoots(store.db, me)) {
    const run = await readRun(store.db, held.run);
    if (!run) continue;
    log.info({ run: run.id, task: run.taskId }, "run of a former start goes back to the queue");
    await orchestrator
      .transact(async (tx) => {
        const task = await lockTaskById(tx, run.taskId);
        await interruptRun(tx, store.queue, held);
        if (task) await orchestrator.decideWithin(tx, task, { type: "run_interrupted", at: clock(), run: run.id });
      })
      .catch(ignoreLostClaim);
  }
}

/**
 * What crashes leave behind in the store, set right: on boot and on a timer. At the end whoever may start is admitted,
 * for a run that was given back has nobody else to wake it.
 */
export async function sweep(parts: SweepParts): Promise<void> {
  const { store, orchestrator } = parts;
  for (const run of await strandedRuns(store.db, store.queue)) await requeue(parts, run);
  for (const cancel of await overdueCancels(store.db, overdueSeconds)) await bury(parts, cancel);
  for (const task of await dueTasks(store.db)) await store.queue.sendEffects(store.db, task);
  await orchestrator.transact(async () => {});
}

/** A run whose workers all went away too often ends, and the person who asked is told. */
export async function bury(parts: SweepParts, lost: { readonly run: string; readonly ticket: string }): Promise<void> {
  const { store, orchestrator, clock, log } = parts;
  const run = await readRun(store.db, lost.run);
  if (!run) return;
  const outcome = { kind: "failed", class: "lost_worker", detail: "" } as const;
  await orchestrator.transact(async (tx) => {
    const task = await lockTaskById(tx, run.taskId);
    if ((await buryRun(tx, store.queue, { ...lost, outcome })) === "gone" || !task) return;
    log.error({ run: run.id, task: run.taskId }, "run given up: its workers went away");
    await orchestrator.decideWithin(tx, task, { type: "run_ended", at: clock(), run: run.id, outcome, seconds: 0 });
  });
}

async function requeue(parts: SweepParts, id: string): Promise<void> {
  const { store, orchestrator, clock, log } = parts;
  const run = await readRun(store.db, id);
  if (!run) return;
  await orchestrator.transact(async (tx) => {
    const task = await lockTaskById(tx, run.taskId);
    if ((await requeueStranded(tx, store.queue, id)) === "gone" || !task) return;
    log.warn({ run: id, task: run.taskId }, "run without a ticket goes back to the queue");
    await orchestrator.decideWithin(tx, task, { type: "run_interrupted", at: clock(), run: id });
  });
}

function ignoreLostClaim(cause: unknown): void {
  if (!(cause instanceof LostClaim)) throw cause;
}
