import { decide } from "./domain/decide.ts";
import type { Event } from "./domain/event.ts";
import type { Task } from "./domain/task.ts";
import { type AdmissionLimits, admit } from "./store/admission.ts";
import { insertDelivery, markHandled, type NewDelivery } from "./store/deliveries.ts";
import { addEffects } from "./store/effects.ts";
import type { Store } from "./store/open-store.ts";
import { waitingTasks } from "./store/run-queries.ts";
import { insertRun, requestCancel } from "./store/runs.ts";
import type { Tx } from "./store/schema.ts";
import { type IssueKey, lockTask, lockTaskById, saveTask } from "./store/tasks.ts";

/** A fact about an issue, with the delivery that brought it when one did. */
export interface Incoming extends IssueKey {
  readonly event: Event;
  readonly delivery?: NewDelivery | undefined;
}

/** What became of a fact: a word and, when it was ignored, the reason. */
export interface Received {
  readonly kind: "decided" | "ignored" | "duplicate";
  readonly reason?: string;
}

/** The one authority over a task (ADR 0001). */
export interface Orchestrator {
  /** Takes a fact in: delivery, decision and effects are committed together, or nothing is. */
  receive(incoming: Incoming): Promise<Received>;
  /** Puts a delivery that concerns no task into the inbox, so that its id is known. */
  record(delivery: NewDelivery, outcome: string): Promise<void>;
  /** A fact about a task that exists; unknown ids are ignored. */
  tell(taskId: string, event: Event): Promise<Received>;
  /** Decides inside a transaction of the caller, who holds the task's lock and has more to write. */
  decideWithin(tx: Tx, task: Task, event: Event): Promise<Received>;
  /** Commits `write` and whatever it decides, lets queued runs start, and tells those that still wait. */
  transact<T>(write: (tx: Tx) => Promise<T>): Promise<T>;
}

export interface OrchestratorParts {
  readonly store: Store;
  readonly limits: AdmissionLimits;
}

export function createOrchestrator({ store, limits }: OrchestratorParts): Orchestrator {
  /** Transactions in which somebody may have left the queue. */
  const leftQueue = new WeakSet<Tx>();

  async function transact<T>(write: (tx: Tx) => Promise<T>): Promise<T> {
    const { result, admitted, left } = await store.transaction(async (tx) => {
      const result = await write(tx);
      return { result, admitted: await admit(tx, store.queue, limits), left: leftQueue.has(tx) };
    });
    if (admitted.length > 0 || left) await tellWaiting();
    return result;
  }

  /** Whoever still waits has moved up; only the head of a long queue is told, the rest learns it on the way. */
  async function tellWaiting(): Promise<void> {
    const waiting = await waitingTasks(store.db);
    for (const task of waiting.slice(0, 50)) {
      await store.transaction(async (tx) => {
        const locked = await lockTaskById(tx, task);
        if (locked) await decideWithin(tx, locked, { type: "queue_moved", at: Date.now() });
      });
    }
  }

  async function decideWithin(tx: Tx, task: Task, event: Event): Promise<Received> {
    const decision = decide(task, event);
    if (decision.kind === "ignored") {
      await saveTask(tx, task, { event, effects: [], ignored: decision.reason });
      return { kind: "ignored", reason: decision.reason };
    }
    await saveTask(tx, decision.task, { event, effects: decision.effects });
    for (const effect of decision.effects) {
      if (effect.type === "queue_run") await insertRun(tx, decision.task, { id: effect.run, order: effect.order });
      if (effect.type === "cancel_run") {
        await requestCancel(tx, store.queue, effect.run);
        leftQueue.add(tx);
      }
    }
    await addEffects(tx, decision.task, decision.effects);
    if (decision.effects.length > 0) await store.queue.sendEffects(tx, task.id);
    return { kind: "decided" };
  }

  return {
    transact,
    decideWithin,
    async receive({ event, delivery, ...key }) {
      return transact(async (tx): Promise<Received> => {
        if (delivery && (await insertDelivery(tx, delivery)) === "duplicate") return { kind: "duplicate" };
        const received = await decideWithin(tx, await lockTask(tx, key), event);
        if (delivery) await markHandled(tx, delivery.id, received.reason ?? received.kind);
        return received;
      });
    },
    async record(delivery, outcome) {
      await store.transaction(async (tx) => {
        if ((await insertDelivery(tx, delivery)) === "new") await markHandled(tx, delivery.id, outcome);
      });
    },
    async tell(taskId, event) {
      return transact(async (tx): Promise<Received> => {
        const task = await lockTaskById(tx, taskId);
        return task ? decideWithin(tx, task, event) : { kind: "ignored", reason: "no such task" };
      });
    },
  };
}
