import { performance } from "node:perf_hooks";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { buryRun, finishRun, readRun, startRun } from "../../../src/orchestrator/store/runs.ts";
import { testDatabases } from "../../support/database.ts";
import { done, holdRuns, makeTask, queueRun } from "./builders.ts";

const databases = testDatabases();
const failed = { kind: "failed", class: "lost_worker", detail: "" } as const;

describe("tickets for effects", () => {
  it("wake a worker within milliseconds of the commit", async () => {
    const store = await databases.open();
    let arrived = Promise.withResolvers<string>();
    await store.queue.workEffects(async (task) => arrived.resolve(task));
    const waits: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      arrived = Promise.withResolvers();
      await store.transaction((tx) => store.queue.sendEffects(tx, `task-${n}`));
      const committed = performance.now();
      expect(await arrived.promise).toBe(`task-${n}`);
      waits.push(performance.now() - committed);
    }
    // Far above the 5 ms it takes on an idle machine, far below the poll that a missing notification would wait for.
    expect(waits.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
  });

  it("are not delivered when the transaction fails", async () => {
    const store = await databases.open();
    const tasks: string[] = [];
    const second = Promise.withResolvers<void>();
    await store.queue.workEffects(async (task) => {
      tasks.push(task);
      if (task === "kept") second.resolve();
    });
    const failing = store.transaction(async (tx) => {
      await store.queue.sendEffects(tx, "dropped");
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await store.queue.sendEffects(store.db, "kept");
    await second.promise;
    expect(tasks).toEqual(["kept"]);
  });

  it("wait as long as asked", async () => {
    const store = await databases.open();
    const arrived = Promise.withResolvers<number>();
    await store.queue.workEffects(async () => arrived.resolve(performance.now()));
    const sent = performance.now();
    await store.queue.sendEffects(store.db, "later", 1);
    expect((await arrived.promise) - sent).toBeGreaterThan(950);
  });

  it("come again when the worker fails, and one failing task does not hold up another", async () => {
    const store = await databases.open();
    const seen: string[] = [];
    const recovered = Promise.withResolvers<void>();
    await store.transaction(async (tx) => {
      await store.queue.sendEffects(tx, "broken");
      await store.queue.sendEffects(tx, "fine");
    });
    await store.queue.workEffects(async (task) => {
      seen.push(task);
      if (task === "broken" && seen.filter((one) => one === "broken").length === 1) throw new Error("database away");
      if (task === "broken") recovered.resolve();
    });
    await recovered.promise;
    expect(seen.toSorted()).toEqual(["broken", "broken", "fine"]);
  });

  it("for the same task that wait together are one piece of work", async () => {
    const store = await databases.open();
    const seen: string[] = [];
    const last = Promise.withResolvers<void>();
    for (let n = 0; n < 60; n += 1) await store.queue.sendEffects(store.db, "busy");
    await store.queue.sendEffects(store.db, "last");
    await store.queue.workEffects(async (task) => {
      seen.push(task);
      if (task === "last") last.resolve();
    });
    await last.promise;
    // Three full batches; the four workers may cut them smaller, but never down to single tickets.
    expect(seen.filter((task) => task === "busy").length).toBeLessThan(30);
  });
});

describe("tickets for runs", () => {
  it("reach one worker each, over two processes", async () => {
    const database = await databases.create();
    const [one, two] = await Promise.all([databases.openAgain(database), databases.openAgain(database)]);
    const seen: string[] = [];
    const all = Promise.withResolvers<void>();
    for (const store of [one, two]) {
      await store.queue.workRuns(2, async (held) => {
        const run = await store.transaction((tx) => startRun(tx, store.queue, { ...held, worker: "w", boot: "b" }));
        seen.push(held.run);
        if (run)
          await store.transaction((tx) => finishRun(tx, store.queue, { ...held, state: "succeeded", outcome: done }));
        if (seen.length === 9) all.resolve();
      });
    }
    for (let n = 1; n <= 9; n += 1)
      await queueRun(one, { id: `r${n}`, issue: n, repo: n, limits: { total: 9, perRepository: 9 } });
    await all.promise;
    expect(seen.toSorted()).toEqual(Array.from({ length: 9 }, (_, n) => `r${n + 1}`));
  });

  it("come back with a higher claim when a handler gives up, until they are lost", async () => {
    const store = await databases.open();
    const claims: number[] = [];
    const lost = Promise.withResolvers<{ run: string; ticket: string }>();
    await store.queue.workLostRuns(async (ticket) => lost.resolve(ticket));
    await store.queue.workRuns(1, async (held) => {
      claims.push(held.fence.claim);
      await store.transaction((tx) => startRun(tx, store.queue, { ...held, worker: "w", boot: "b" }));
      throw new Error("crashed");
    });
    await queueRun(store, { id: "r1", issue: 1 });
    const ticket = await lost.promise;
    expect(claims).toEqual([0, 1, 2, 3]);
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "active", attempt: 4 });
    const end = { ...ticket, outcome: failed };
    expect(await store.transaction((tx) => buryRun(tx, store.queue, end))).toBe("ended");
    expect(await store.transaction((tx) => buryRun(tx, store.queue, end))).toBe("gone");
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "failed", outcome: failed });
  });

  it("are taken from a worker that fell silent: its late end is refused, its heir's stands", async () => {
    const store = await databases.open();
    const { next, release } = await holdRuns(store, 2);
    await queueRun(store, { id: "r1", issue: 1 });
    const silent = await next();
    await store.transaction((tx) => startRun(tx, store.queue, { ...silent, worker: "w", boot: "b" }));
    // As the supervisor does when the heartbeat stops; waiting for a real one takes ten seconds.
    await sql`update pgboss.job set heartbeat_on = now() - interval '1 hour', heartbeat_seconds = 10 where id = ${silent.fence.ticket}`.execute(
      store.db,
    );
    await sql`update pgboss.job set state = 'retry', start_after = now() where id = ${silent.fence.ticket}`.execute(
      store.db,
    );
    const heir = await next();
    expect(heir).toMatchObject({ run: "r1", fence: { ticket: silent.fence.ticket, claim: 1 } });
    await store.transaction((tx) => startRun(tx, store.queue, { ...heir, worker: "w2", boot: "b" }));
    const late = store.transaction((tx) => finishRun(tx, store.queue, { ...silent, state: "failed", outcome: failed }));
    await expect(late).rejects.toMatchObject({ code: "LOST_CLAIM" });
    await store.transaction((tx) => finishRun(tx, store.queue, { ...heir, state: "succeeded", outcome: done }));
    expect(await readRun(store.db, "r1")).toMatchObject({ state: "succeeded", worker: "w2", attempt: 2 });
    release();
  });

  it("stop coming when the process drains, while the handlers in hand may end", async () => {
    const store = await databases.open();
    const { next, release } = await holdRuns(store);
    await queueRun(store, { id: "r1", issue: 1 });
    const held = await next();
    let drained = false;
    const draining = store.queue.drain().then(() => {
      drained = true;
    });
    await queueRun(store, { id: "r2", issue: 2 });
    await store.transaction((tx) => startRun(tx, store.queue, { ...held, worker: "w", boot: "b" }));
    await store.transaction((tx) => finishRun(tx, store.queue, { ...held, state: "succeeded", outcome: done }));
    expect(drained).toBe(false);
    release();
    await draining;
    expect(await readRun(store.db, "r2")).toMatchObject({ state: "active", claim: null });
  });
});

describe("a queue that is opened again", () => {
  it("still has its tickets", async () => {
    const database = await databases.create();
    const first = await databases.openAgain(database);
    await makeTask(first, 1);
    await queueRun(first, { id: "r1", issue: 1 });
    await first.close();
    const second = await databases.openAgain(database);
    const { next, release } = await holdRuns(second);
    expect((await next()).run).toBe("r1");
    release();
  });
});
