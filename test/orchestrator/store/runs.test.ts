import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { admit } from "../../../src/orchestrator/store/admission.ts";
import type { Store } from "../../../src/orchestrator/store/open-store.ts";
import type { HeldRun } from "../../../src/orchestrator/store/queue.ts";
import { appendRunEvents, type NewRunEvent, readRunEvents } from "../../../src/orchestrator/store/run-events.ts";
import {
  overdueCancels,
  queuePosition,
  runsOfFormerBoots,
  strandedRuns,
  waitingTasks,
} from "../../../src/orchestrator/store/run-queries.ts";
import {
  buryRun,
  finishRun,
  interruptRun,
  readBundle,
  readRun,
  recordHead,
  recordPhase,
  requestCancel,
  requeueStranded,
  startRun,
} from "../../../src/orchestrator/store/runs.ts";
import { testDatabases } from "../../support/database.ts";
import { done, holdRuns, queueRun, roomy, stopped } from "./builders.ts";

const databases = testDatabases();
const none = { total: 0, perRepository: 0 };
const head = { headSha: "aaa", baseSha: "bbb", bundle: Buffer.from([0, 255, 10]) };
const me = { worker: "machine-1", boot: "boot-1" };

/** A run that a worker has started, with what it holds. */
async function startedRun(store: Store, id = "r1"): Promise<{ held: HeldRun; release(): void }> {
  const { next, release } = await holdRuns(store);
  await queueRun(store, { id, issue: 1 });
  const held = await next();
  await store.transaction((tx) => startRun(tx, store.queue, { ...held, ...me }));
  return { held, release };
}

const finish = (store: Store, held: Pick<HeldRun, "run" | "fence">) =>
  store.transaction((tx) => finishRun(tx, store.queue, { ...held, state: "succeeded", outcome: done }));

describe("a started run", () => {
  it("says who has it, and that it cost an attempt", async () => {
    const store = await databases.open();
    const { release } = await startedRun(store);
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "active", attempt: 1, claim: 0, ...me });
    release();
  });

  it("ends once: the second end is refused and changes nothing", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await finish(store, held);
    const second = store.transaction((tx) =>
      finishRun(tx, store.queue, { ...held, state: "failed", outcome: stopped }),
    );
    await expect(second).rejects.toMatchObject({ code: "LOST_CLAIM" });
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "succeeded", outcome: done });
    release();
  });

  it("cannot be ended, moved on or given back by a worker whose ticket was fetched again", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    const newer = { ...held, fence: { ...held.fence, claim: 1 } };
    await store.db.updateTable("run").set({ claim: newer.fence.claim }).execute();
    const late = [
      () => finish(store, held),
      () => store.transaction((tx) => recordPhase(tx, store.queue, { ...held, phase: "verifying" })),
      () => store.transaction((tx) => recordHead(tx, store.queue, { ...held, ...head })),
      () => store.transaction((tx) => interruptRun(tx, store.queue, held)),
    ];
    for (const write of late) await expect(write()).rejects.toMatchObject({ code: "LOST_CLAIM" });
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "active", phase: null, headSha: null });
    release();
  });

  it("cannot be ended by a worker whose lease the queue took away, even before somebody else has it", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await store.transaction((tx) => store.queue.withdraw(tx, held.fence.ticket));
    await expect(finish(store, held)).rejects.toMatchObject({ code: "LOST_CLAIM" });
    release();
  });

  it("gets nothing more into its transcript from a worker that is too late", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    const say = (who: HeldRun, data: string) =>
      store.transaction((tx) =>
        appendRunEvents(tx, store.queue, { ...who, events: [{ at: 1, kind: "output", data }] }),
      );
    await say(held, "in time");
    await store.db.updateTable("run").set({ claim: 1 }).execute();
    await expect(say(held, "taken over")).rejects.toMatchObject({ code: "LOST_CLAIM" });
    await store.db.updateTable("run").set({ claim: held.fence.claim }).execute();
    await store.transaction((tx) => store.queue.withdraw(tx, held.fence.ticket));
    await expect(say(held, "lease lapsed")).rejects.toMatchObject({ code: "LOST_CLAIM" });
    expect(await readRunEvents(store.db, "r1")).toMatchObject([{ data: "in time" }]);
    release();
  });

  it("keeps the commit that passed the gate, for whoever publishes it", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await store.transaction((tx) => recordHead(tx, store.queue, { ...held, ...head }));
    await finish(store, held);
    expect(await readRun(store.db, "r1")).toMatchObject({ headSha: "aaa", baseSha: "bbb" });
    expect(await readBundle(store.db, "r1")).toEqual(head.bundle);
    release();
  });

  it("is not started by a stray ticket", async () => {
    const store = await databases.open();
    const { next, release } = await holdRuns(store, 2);
    await queueRun(store, { id: "r1", issue: 1 });
    await next();
    await store.transaction((tx) => store.queue.sendRuns(tx, [{ run: "r1", ticket: randomUUID() }]));
    const stray = await next();
    expect(await store.transaction((tx) => startRun(tx, store.queue, { ...stray, ...me }))).toBeUndefined();
    release();
  });

  it("means nothing to a second start with the same ticket once it has ended", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await finish(store, held);
    expect(await store.transaction((tx) => startRun(tx, store.queue, { ...held, ...me }))).toBeUndefined();
    release();
  });
});

describe("cancelling", () => {
  it("ends a queued run at once", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "r1", issue: 1, limits: none });
    expect(await store.transaction((tx) => requestCancel(tx, store.queue, "r1"))).toBe("cancelled");
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "cancelled", outcome: stopped });
  });

  it("ends an admitted run that nobody has started at once, and its ticket starts nothing", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "r1", issue: 1 });
    const ticket = (await readRun(store.db, "r1"))?.ticket ?? "";
    expect(await store.transaction((tx) => requestCancel(tx, store.queue, "r1"))).toBe("cancelled");
    expect(await store.queue.liveTickets(store.db, [ticket])).toEqual(new Set());
  });

  it("aborts a started run's worker, keeps its slot until the worker confirms, and then frees it", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    const aborted = new Promise((resolve) => held.signal.addEventListener("abort", resolve));
    expect(await store.transaction((tx) => requestCancel(tx, store.queue, "r1"))).toBe("cancelling");
    await queueRun(store, { id: "r2", issue: 1 });
    expect(await readRun(store.db, "r2")).toMatchObject({ state: "queued" });
    await aborted;
    await store.transaction((tx) => finishRun(tx, store.queue, { ...held, state: "cancelled", outcome: stopped }));
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "cancelled" });
    release();
  });

  it("lets work that was finished in the same moment be recorded", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await store.transaction((tx) => requestCancel(tx, store.queue, "r1"));
    await store.transaction(async (tx) => {
      await recordHead(tx, store.queue, { ...held, ...head });
      await finishRun(tx, store.queue, { ...held, state: "succeeded", outcome: done });
    });
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "succeeded", headSha: "aaa" });
    release();
  });

  it("does nothing to a run that has ended", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await finish(store, held);
    expect(await store.transaction((tx) => requestCancel(tx, store.queue, "r1"))).toBe("ended");
    release();
  });

  it("is noticed when no worker confirms it", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await store.transaction((tx) => requestCancel(tx, store.queue, "r1"));
    expect(await overdueCancels(store.db, 60)).toEqual([]);
    await store.db
      .updateTable("run")
      .set({ cancelAt: new Date(Date.now() - 61_000) })
      .execute();
    const overdue = await overdueCancels(store.db, 60);
    expect(overdue).toEqual([{ run: "r1", ticket: held.fence.ticket }]);
    for (const run of overdue) await store.transaction((tx) => buryRun(tx, store.queue, { ...run, outcome: stopped }));
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "cancelled" });
    release();
  });
});

describe("a run that is interrupted", () => {
  it("waits again at its old place, without having lost an attempt", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await queueRun(store, { id: "later", issue: 2, limits: none });
    expect(await store.transaction((tx) => interruptRun(tx, store.queue, held))).toBe("queued");
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "queued", attempt: 0, ticket: null, worker: null });
    expect(await queuePosition(store.db, "100-1")).toBe(1);
    expect(await store.queue.liveTickets(store.db, [held.fence.ticket])).toEqual(new Set());
    release();
  });

  it("cannot be ended by who gave it back, not even when its next start is being cancelled", async () => {
    const store = await databases.open();
    const { next, release } = await holdRuns(store, 2);
    await queueRun(store, { id: "r1", issue: 1 });
    const first = await next();
    await store.transaction((tx) => startRun(tx, store.queue, { ...first, ...me }));
    await store.transaction((tx) => interruptRun(tx, store.queue, first));
    await store.transaction((tx) => admit(tx, store.queue, roomy));
    const second = await next();
    await store.transaction((tx) => startRun(tx, store.queue, { ...second, ...me }));
    await store.transaction((tx) => requestCancel(tx, store.queue, "r1"));
    await expect(finish(store, first)).rejects.toMatchObject({ code: "LOST_CLAIM" });
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "cancelling" });
    release();
  });

  it("ends when somebody wanted it stopped anyway", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    await store.transaction((tx) => requestCancel(tx, store.queue, "r1"));
    expect(await store.transaction((tx) => interruptRun(tx, store.queue, held))).toBe("cancelled");
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "cancelled" });
    release();
  });

  it("is found by the next boot of the same worker, and by no other", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    expect(await runsOfFormerBoots(store.db, { ...me, boot: "boot-2" })).toEqual([{ run: "r1", fence: held.fence }]);
    expect(await runsOfFormerBoots(store.db, me)).toEqual([]);
    expect(await runsOfFormerBoots(store.db, { worker: "machine-2", boot: "boot-2" })).toEqual([]);
    release();
  });
});

describe("a run without a ticket", () => {
  it("is found and queued again; one with a ticket is left alone", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "lost", issue: 1 });
    await queueRun(store, { id: "fine", issue: 2 });
    const ticket = (await readRun(store.db, "lost"))?.ticket ?? "";
    await store.transaction((tx) => store.queue.withdraw(tx, ticket));
    expect(await strandedRuns(store.db, store.queue)).toEqual(["lost"]);
    expect(await store.transaction((tx) => requeueStranded(tx, store.queue, "fine"))).toBe("gone");
    expect(await store.transaction((tx) => requeueStranded(tx, store.queue, "lost"))).toBe("queued");
    expect(await strandedRuns(store.db, store.queue)).toEqual([]);
  });
});

describe("the queue people see", () => {
  it("numbers the waiting by priority and age, over all repositories", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "a", issue: 1, limits: none });
    await queueRun(store, { id: "b", issue: 2, repo: 200, limits: none });
    await queueRun(store, { id: "c", issue: 3, priority: 5, limits: none });
    const positions = await Promise.all(
      ["100-3", "100-1", "200-2", "100-9"].map((task) => queuePosition(store.db, task)),
    );
    expect(positions).toEqual([1, 2, 3, undefined]);
    expect(await waitingTasks(store.db)).toEqual(["100-3", "100-1", "200-2"]);
  });
});

describe("the transcript of a run", () => {
  it("is read in the order it was written, in pages", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    const append = (...events: NewRunEvent[]) =>
      store.transaction((tx) => appendRunEvents(tx, store.queue, { ...held, events }));
    const line = (n: number) => ({ at: 1_700_000_000_000 + n, kind: "output", data: { text: `line ${n}` } });
    expect(await append(line(1), line(2))).toBe(2);
    expect(await append(line(3))).toBe(3);
    expect(await append()).toBe(3);
    expect(await readRunEvents(store.db, "r1")).toEqual([1, 2, 3].map((n) => ({ n, ...line(n) })));
    expect(await readRunEvents(store.db, "r1", { after: 1, limit: 1 })).toEqual([{ n: 2, ...line(2) }]);
    release();
  });

  it("takes whatever an agent prints", async () => {
    const store = await databases.open();
    const { held, release } = await startedRun(store);
    const events = [{ at: 1, kind: "output", data: "\u0000\ud800 ok" }];
    await store.transaction((tx) => appendRunEvents(tx, store.queue, { ...held, events }));
    expect(await readRunEvents(store.db, "r1")).toMatchObject([{ data: "\uFFFD\uFFFD ok" }]);
    release();
  });
});
