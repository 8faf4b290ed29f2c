import type { RunOrder, RunOutcome } from "../../../src/orchestrator/domain/run.ts";
import type { Task } from "../../../src/orchestrator/domain/task.ts";
import type { Actor } from "../../../src/orchestrator/domain/trigger.ts";
import { type AdmissionLimits, admit } from "../../../src/orchestrator/store/admission.ts";
import type { Store } from "../../../src/orchestrator/store/open-store.ts";
import type { HeldRun } from "../../../src/orchestrator/store/queue.ts";
import { insertRun } from "../../../src/orchestrator/store/runs.ts";
import { lockTask } from "../../../src/orchestrator/store/tasks.ts";

export const ann: Actor = { id: 1, login: "ann", type: "User" };

/** An issue of repository `repo`. */
export function issueKey(issue: number, repo = 100) {
  return { repository: { id: repo, owner: "acme", name: "shop" }, issue, installationId: 5, title: "Add a cart" };
}

export const order = {
  purpose: "implement",
  profile: "default",
  policy: { label: "agent" },
  snapshot: { title: "Add a cart" },
  branch: "agent/issue-1",
  requestedBy: ann,
} as unknown as RunOrder;

export const stopped: RunOutcome = { kind: "stopped" };
export const done: RunOutcome = { kind: "no_change", reason: "already there" };
export const roomy: AdmissionLimits = { total: 10, perRepository: 3 };

/** Creates the task if need be. */
export async function makeTask(store: Store, issue: number, repo = 100): Promise<Task> {
  return store.transaction((tx) => lockTask(tx, issueKey(issue, repo)));
}

/** Queues a run for an issue and lets it start if the limits allow. */
export async function queueRun(
  store: Store,
  run: {
    readonly id: string;
    readonly issue: number;
    readonly repo?: number;
    readonly priority?: number;
    readonly limits?: AdmissionLimits;
  },
): Promise<readonly string[]> {
  return store.transaction(async (tx) => {
    const task = await lockTask(tx, issueKey(run.issue, run.repo));
    await insertRun(tx, task, { id: run.id, order, priority: run.priority ?? 0 });
    return admit(tx, store.queue, run.limits ?? roomy);
  });
}

/** Fetches tickets one at a time, as a worker would, and keeps them in hand until told to let go. */
export async function holdRuns(store: Store, slots = 1): Promise<{ next(): Promise<HeldRun>; release(): void }> {
  const waiting: HeldRun[] = [];
  const takers: ((held: HeldRun) => void)[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await store.queue.workRuns(slots, async (held) => {
    const taker = takers.shift();
    if (taker) taker(held);
    else waiting.push(held);
    await released;
  });
  const next = (): Promise<HeldRun> => {
    const held = waiting.shift();
    return held ? Promise.resolve(held) : new Promise((resolve) => takers.push(resolve));
  };
  return { next, release };
}
