import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { admit } from "../../../src/orchestrator/store/admission.ts";
import type { Store } from "../../../src/orchestrator/store/open-store.ts";
import { finishRun, insertRun, requestCancel, startRun } from "../../../src/orchestrator/store/runs.ts";
import { lockTask } from "../../../src/orchestrator/store/tasks.ts";
import { testDatabases } from "../../support/database.ts";
import { done, issueKey, order, queueRun, roomy } from "./builders.ts";

const databases = testDatabases();
const none = { total: 0, perRepository: 0 };

describe("admission", () => {
  it("never exceeds a limit and keeps the order of an issue, under eight workers at once", async () => {
    const store = await databases.open({ poolSize: 16 });
    const runs = Array.from({ length: 160 }, (_, n) => ({ id: `r${n}`, repo: 1 + (n % 4), issue: 1 + (n % 40) }));
    const starts: string[] = [];
    let most = { total: 0, perRepository: 0, perIssue: 0 };
    const worker = async (share: number): Promise<void> => {
      for (const run of runs.filter((_, n) => n % 8 === share)) await queueRun(store, run);
      while (await finishOne(store, starts)) most = highest(most, await load(store));
    };
    await Promise.all(Array.from({ length: 8 }, (_, share) => worker(share)));
    expect(most).toEqual({ total: 10, perRepository: 3, perIssue: 1 });
    expect(starts.toSorted()).toEqual(runs.map((run) => run.id).toSorted());
    expect(await outOfOrder(store)).toEqual([]);
  });

  it("lets the first of each issue go, in the order they came", async () => {
    const store = await databases.open();
    for (const [id, issue] of [
      ["a1", 1],
      ["a2", 1],
      ["b1", 2],
      ["c1", 3],
    ] as const)
      await queueRun(store, { id, issue, limits: none });
    const first = await store.transaction((tx) => admit(tx, store.queue, { total: 2, perRepository: 2 }));
    expect([...first].sort()).toEqual(["a1", "b1"]);
    expect(await store.transaction((tx) => admit(tx, store.queue, { total: 2, perRepository: 2 }))).toEqual([]);
  });

  it("lets a higher priority go first, but not past its own issue's earlier run", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "old", issue: 1, limits: none });
    await queueRun(store, { id: "urgent", issue: 2, priority: 10, limits: none });
    await queueRun(store, { id: "urgent-but-second", issue: 1, priority: 20, limits: none });
    const one = { total: 1, perRepository: 1 };
    expect(await store.transaction((tx) => admit(tx, store.queue, one))).toEqual(["urgent"]);
  });

  it("lets a higher priority of one repository go before the others' turn", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "old", issue: 1, repo: 100, limits: none });
    await queueRun(store, { id: "urgent", issue: 2, repo: 200, priority: 10, limits: none });
    const one = { total: 1, perRepository: 1 };
    expect(await store.transaction((tx) => admit(tx, store.queue, one))).toEqual(["urgent"]);
  });

  it("gives a freed slot to the next in the transaction that frees it", async () => {
    const store = await databases.open();
    const one = { total: 1, perRepository: 1 };
    await queueRun(store, { id: "first", issue: 1, limits: one });
    await queueRun(store, { id: "second", issue: 2, limits: one });
    const admitted = await store.transaction(async (tx) => {
      await requestCancel(tx, store.queue, "first");
      return admit(tx, store.queue, one);
    });
    expect(admitted).toEqual(["second"]);
  });

  it("hands out no ticket when the transaction around it fails", async () => {
    const store = await databases.open();
    const failing = store.transaction(async (tx) => {
      const task = await lockTask(tx, issueKey(1));
      await insertRun(tx, task, { id: "r1", order });
      await admit(tx, store.queue, roomy);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    const { rows } = await sql`select 1 from pgboss.job where name = 'run'`.execute(store.db);
    expect(rows).toEqual([]);
  });

  it("does not wait for a queued run that another transaction is cancelling", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "leaving", issue: 1, limits: none });
    await queueRun(store, { id: "staying", issue: 2, limits: none });
    await store.transaction(async (tx) => {
      await requestCancel(tx, store.queue, "leaving");
      expect(await store.transaction((other) => admit(other, store.queue, roomy))).toEqual(["staying"]);
    });
    expect(await store.transaction((tx) => admit(tx, store.queue, roomy))).toEqual([]);
  });

  it("is backed by the database: two live runs of an issue are impossible", async () => {
    const store = await databases.open();
    await queueRun(store, { id: "r1", issue: 1 });
    await queueRun(store, { id: "r2", issue: 1 });
    const force = store.db.updateTable("run").set({ state: "active" }).where("id", "=", "r2").execute();
    await expect(force).rejects.toThrow("run_one_live_per_task");
  });
});

/** Ends one started run, if any is left that nobody else is ending; false when all have ended. */
async function finishOne(store: Store, starts: string[]): Promise<boolean> {
  const open = await store.db
    .selectFrom("run")
    .select(["id", "ticket"])
    .where("state", "in", ["queued", "active"])
    .orderBy(sql`random()`)
    .execute();
  const next = open.find((run) => run.ticket !== null);
  if (!next?.ticket) return open.length > 0;
  const fence = { ticket: next.ticket, claim: 0 };
  await sql`update pgboss.job set state = 'active', started_on = now() where id = ${fence.ticket} and state = 'created'`.execute(
    store.db,
  );
  await store.transaction(async (tx) => {
    const run = await startRun(tx, store.queue, { run: next.id, fence, worker: "w", boot: "b" });
    if (!run) return;
    starts.push(run.id);
    await finishRun(tx, store.queue, { run: run.id, fence, state: "succeeded", outcome: done });
    await admit(tx, store.queue, { total: 10, perRepository: 3 });
  });
  return true;
}

async function load(store: Store): Promise<{ total: number; perRepository: number; perIssue: number }> {
  const { rows } = await sql<{ total: number; perRepository: number; perIssue: number }>`
    with live as (select repo_id, task_id from baton.run where state in ('active', 'cancelling'))
    select (select count(*) from live) as total,
      (select coalesce(max(n), 0) from (select count(*) as n from live group by repo_id) as r) as per_repository,
      (select coalesce(max(n), 0) from (select count(*) as n from live group by task_id) as t) as per_issue`.execute(
    store.db,
  );
  return rows[0] ?? { total: 0, perRepository: 0, perIssue: 0 };
}

function highest<T extends Record<string, number>>(a: T, b: T): T {
  return Object.fromEntries(Object.entries(a).map(([key, value]) => [key, Math.max(value, b[key] ?? 0)])) as T;
}

/** Runs that started before an earlier one of their issue had ended. */
async function outOfOrder(store: Store): Promise<readonly unknown[]> {
  const { rows } = await sql`
    select late.id from baton.run late join baton.run early on early.task_id = late.task_id and early.seq < late.seq
    where late.started_at < early.finished_at`.execute(store.db);
  return rows;
}
