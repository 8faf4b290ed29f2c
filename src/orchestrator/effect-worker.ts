import type { Event } from "./domain/event.ts";
import { afterFailure } from "./effects/after-failure.ts";
import type { EffectContext, EffectFacts, EffectPorts } from "./effects/effect-context.ts";
import { execute, type OutboxEffect } from "./effects/execute.ts";
import type { Orchestrator } from "./orchestrator.ts";
import {
  type ClaimedEffect,
  cancelLater,
  claimNext,
  completeEffect,
  failEffect,
  nextDueIn,
  postponeEffect,
} from "./store/effects.ts";
import { LostClaim } from "./store/errors.ts";
import type { StoreLog } from "./store/log.ts";
import { findObject, rememberObject } from "./store/objects.ts";
import type { Store } from "./store/open-store.ts";
import { queuePosition } from "./store/run-queries.ts";
import { readBundle, readRun } from "./store/runs.ts";
import { lockTaskById, readTask } from "./store/tasks.ts";

export interface EffectWorkerParts {
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly ports: EffectPorts;
  readonly log: StoreLog;
  /** Who holds the leases. */
  readonly owner: string;
}

/** An effect taken in hand must be settled within this time, or somebody else may take it over. */
const leaseMs = 120_000;

/** Carries out what is due for one task, one effect after the other, and asks to be woken for what is not due yet. */
export async function workOnEffects(parts: EffectWorkerParts, taskId: string): Promise<void> {
  const { store, owner } = parts;
  for (;;) {
    const claimed = await claimNext(store.db, { taskId, owner, leaseMs });
    if (!claimed) break;
    await workOnEffect(parts, claimed);
  }
  const waitMs = await nextDueIn(store.db, taskId);
  if (waitMs !== undefined) await store.queue.sendEffects(store.db, taskId, Math.max(1, Math.ceil(waitMs / 1000)));
}

async function workOnEffect(parts: EffectWorkerParts, claimed: ClaimedEffect): Promise<void> {
  const { log } = parts;
  try {
    await perform(parts, claimed);
    log.info({ task: claimed.taskId, effect: claimed.id, type: claimed.type }, "effect done");
  } catch (cause) {
    if (cause instanceof LostClaim) {
      log.warn({ task: claimed.taskId, effect: claimed.id }, "effect was taken over while it was carried out");
      return;
    }
    await settleFailure(parts, claimed, cause);
  }
}

/** The effect itself, then its completion, what it left behind and the fact it found in one transaction. */
async function perform(parts: EffectWorkerParts, claimed: ClaimedEffect): Promise<void> {
  const { store, orchestrator, ports } = parts;
  const task = await readTask(store.db, claimed.taskId);
  if (!task) return;
  const context: EffectContext = {
    task,
    at: { repository: task.repository, installationId: task.installationId },
    outcome: claimed.attempts > 1 ? "in_doubt" : "fresh",
    ports,
    facts: factsOf(parts, claimed),
  };
  const done = await execute(claimed.payload as OutboxEffect, context);
  await orchestrator.transact(async (tx) => {
    const locked = await lockTaskById(tx, claimed.taskId);
    await completeEffect(tx, claimed);
    for (const [key, externalId] of Object.entries(done.remember ?? {}))
      await rememberObject(tx, claimed.taskId, { key, externalId });
    if (locked && done.event) await orchestrator.decideWithin(tx, locked, done.event);
  });
}

async function settleFailure(parts: EffectWorkerParts, claimed: ClaimedEffect, cause: unknown): Promise<void> {
  const { store, orchestrator, ports, log } = parts;
  const verdict = afterFailure({
    effect: claimed.payload as OutboxEffect,
    attempts: claimed.attempts,
    now: ports.clock(),
    cause,
  });
  const fields = {
    task: claimed.taskId,
    effect: claimed.id,
    type: claimed.type,
    attempts: claimed.attempts,
    err: cause,
  };
  if (verdict.kind === "later") {
    log.warn({ ...fields, next: new Date(verdict.nextAt).toISOString() }, "effect is tried again");
    await store.transaction((tx) => postponeEffect(tx, claimed, { nextAt: verdict.nextAt, error: verdict.reason }));
    return;
  }
  log.error(fields, "effect failed for good; the operator should look");
  await orchestrator.transact(async (tx) => {
    const task = await lockTaskById(tx, claimed.taskId);
    await failEffect(tx, claimed, verdict.reason);
    if (claimed.runId !== null) await cancelLater(tx, claimed.runId);
    const event: Event | undefined = verdict.event;
    if (task && event) await orchestrator.decideWithin(tx, task, event);
  });
}

function factsOf(parts: EffectWorkerParts, claimed: ClaimedEffect): EffectFacts {
  const { db } = parts.store;
  return {
    objectId: (key) => findObject(db, claimed.taskId, key),
    async status() {
      const task = await readTask(db, claimed.taskId);
      const run = task && "run" in task.work ? task.work.run : task?.lastRun?.id;
      const snapshot = run ? (await readRun(db, run))?.order.snapshot : undefined;
      return {
        position: await queuePosition(db, claimed.taskId),
        input: snapshot && {
          comments: snapshot.comments.length,
          leftOut: snapshot.leftOut.map((one) => `${one.what} by ${one.who} (${one.reason})`),
          removed: snapshot.removed,
        },
      };
    },
    async run(id) {
      const run = await readRun(db, id);
      const bundle = await readBundle(db, id);
      if (run?.outcome?.kind !== "changed" || !bundle) throw new Error(`Run ${id} has nothing to publish`);
      return { order: run.order, report: run.outcome.report, bundle };
    },
  };
}
