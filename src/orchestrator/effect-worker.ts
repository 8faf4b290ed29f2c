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
  holdEffect,
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

/**
 * How long an effect stays with a worker that no longer says that it lives; then somebody else takes it over. The
 * ticket of a dead worker takes about as long to come back (see `QueueSettings`).
 */
const leaseMs = 20_000;
/** How often a worker says that it lives. */
const beatMs = 5_000;

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
  const beat = keepHold(parts, claimed);
  try {
    await perform(parts, claimed).catch((cause: unknown) => {
      if (cause instanceof LostClaim) throw cause;
      return settleFailure(parts, claimed, cause);
    });
  } catch (cause) {
    if (!(cause instanceof LostClaim)) throw cause;
    log.warn({ task: claimed.taskId, effect: claimed.id }, "effect was taken over while it was carried out");
  } finally {
    clearInterval(beat);
  }
}

/** A lost hold shows at the next write; a database that is away for a moment is no reason to stop. */
function keepHold({ store, log }: EffectWorkerParts, claimed: ClaimedEffect): NodeJS.Timeout {
  return setInterval(() => {
    holdEffect(store.db, claimed, leaseMs).catch((cause: unknown) =>
      log.warn({ effect: claimed.id, err: cause }, "lease of an effect was not renewed"),
    );
  }, beatMs);
}

/** The effect itself, then its completion, what it left behind and the fact it found in one transaction. */
async function perform(parts: EffectWorkerParts, claimed: ClaimedEffect): Promise<void> {
  const { store, orchestrator, ports, log } = parts;
  const task = await readTask(store.db, claimed.taskId);
  if (!task) return;
  const { repository, installationId } = task;
  const context: EffectContext = {
    task,
    at: { repository, installationId, beforeWrite: () => holdEffect(store.db, claimed, leaseMs) },
    attempts: claimed.attempts,
    outcome: claimed.attempts > 1 || (await wasGivenUp(parts, claimed)) ? "in_doubt" : "fresh",
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
  log.info({ task: claimed.taskId, effect: claimed.id, type: claimed.type }, "effect done");
}

async function settleFailure(parts: EffectWorkerParts, claimed: ClaimedEffect, cause: unknown): Promise<void> {
  const { store, orchestrator, ports, log } = parts;
  const verdict = afterFailure({
    effect: claimed.payload as OutboxEffect,
    attempts: claimed.attempts,
    previous: claimed.error ?? undefined,
    now: ports.clock(),
    cause,
  });
  const { taskId: task, id: effect, type, attempts } = claimed;
  const fields = { task, effect, type, attempts, err: cause };
  if (verdict.kind === "later") {
    const { nextAt, reason: error, counts } = verdict;
    log.warn({ ...fields, next: new Date(nextAt).toISOString() }, "effect is tried again");
    await store.transaction((tx) => postponeEffect(tx, claimed, { nextAt, error, counts }));
    return;
  }
  log.error(fields, "effect failed for good; the operator should look");
  await orchestrator.transact(async (tx) => {
    const task = await lockTaskById(tx, claimed.taskId);
    await failEffect(tx, claimed, verdict.reason);
    if (claimed.runId !== null) await cancelLater(tx, claimed.runId);
    await rememberObject(tx, claimed.taskId, { key: doubtAbout(claimed), externalId: claimed.id });
    const event: Event | undefined = verdict.event;
    if (task && event) await orchestrator.decideWithin(tx, task, event);
  });
}

/** One of the kind was given up, and may have been done all the same: from then on we look before we write. */
async function wasGivenUp({ store }: EffectWorkerParts, claimed: ClaimedEffect): Promise<boolean> {
  return (await findObject(store.db, claimed.taskId, doubtAbout(claimed))) !== undefined;
}

function doubtAbout({ type }: ClaimedEffect): string {
  return `doubt:${type}`;
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
    async lastSnapshot() {
      const task = await readTask(db, claimed.taskId);
      const run = task && "run" in task.work ? task.work.run : task?.lastRun?.id;
      return run === undefined ? undefined : (await readRun(db, run))?.order.snapshot;
    },
    async run(id) {
      const run = await readRun(db, id);
      const bundle = await readBundle(db, id);
      if (run?.outcome?.kind !== "changed" || !bundle) throw new Error(`Run ${id} has nothing to publish`);
      const { report, parent = run.order.parent } = run.outcome;
      return { order: run.order, report, parent, bundle };
    },
  };
}
