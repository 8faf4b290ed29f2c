import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import type { Event } from "../../../src/orchestrator/domain/event.ts";
import { findObject, rememberObject } from "../../../src/orchestrator/store/objects.ts";
import {
  findTaskByPullRequest,
  liveTasks,
  lockTask,
  lockTaskById,
  readTask,
  saveTask,
} from "../../../src/orchestrator/store/tasks.ts";
import { testDatabases } from "../../support/database.ts";
import { ann, issueKey, makeTask } from "./builders.ts";

const databases = testDatabases();
const closed: Event = { type: "issue_closed", at: 1, actor: ann };

describe("a task", () => {
  it("begins idle, once per issue, however many ask for it at once", async () => {
    const store = await databases.open();
    await Promise.all(Array.from({ length: 20 }, () => makeTask(store, 7)));
    const rows = await store.db.selectFrom("task").select(["id", "version", "repoId"]).execute();
    expect(rows).toEqual([{ id: "100-7", version: 0, repoId: 100 }]);
    expect((await readTask(store.db, "100-7"))?.work).toEqual({ kind: "idle" });
  });

  it("is decided on by one at a time", async () => {
    const store = await databases.open();
    const increment = () =>
      store.transaction(async (tx) => {
        const task = await lockTask(tx, issueKey(7));
        await saveTask(
          tx,
          { ...task, version: task.version + 1, rounds: task.rounds + 1 },
          { event: closed, effects: [] },
        );
      });
    await Promise.all(Array.from({ length: 25 }, increment));
    expect(await readTask(store.db, "100-7")).toMatchObject({ version: 25, rounds: 25 });
  });

  it("cannot be saved by somebody who did not see the latest version", async () => {
    const store = await databases.open();
    const task = await makeTask(store, 7);
    const save = () => store.transaction((tx) => saveTask(tx, { ...task, version: 1 }, { event: closed, effects: [] }));
    await save();
    await expect(save()).rejects.toMatchObject({ code: "STALE_TASK" });
  });

  it("knows its repository by the latest name", async () => {
    const store = await databases.open();
    await makeTask(store, 7);
    const moved = { ...issueKey(7), repository: { id: 100, owner: "globex", name: "store" }, installationId: 6 };
    const task = await store.transaction((tx) => lockTask(tx, moved));
    expect(task).toMatchObject({ id: "100-7", repository: { owner: "globex", name: "store" }, installationId: 6 });
  });

  it("keeps a stranger's NUL and lone surrogates from breaking its transaction", async () => {
    const store = await databases.open();
    const title = "a\u0000b\ud800c 😀";
    await store.transaction((tx) => lockTask(tx, { ...issueKey(7), title }));
    expect((await readTask(store.db, "100-7"))?.title).toBe("a\uFFFDb\uFFFDc 😀");
  });

  it("survives ids above 32 bits", async () => {
    const store = await databases.open();
    await makeTask(store, 7, 4_503_599_627_370_497);
    const row = await store.db.selectFrom("task").select("repoId").executeTakeFirst();
    expect(row?.repoId).toBe(4_503_599_627_370_497);
  });

  it("refuses to round an id that does not fit", async () => {
    const store = await databases.open();
    const query = sql`select 9007199254740993::bigint as id`.execute(store.db);
    await expect(query).rejects.toThrow("too large");
  });

  it("is found by its pull request, in its repository only", async () => {
    const store = await databases.open();
    for (const repo of [100, 200]) {
      const task = await makeTask(store, 7, repo);
      const pullRequest = { kind: "open", number: 12, headSha: "abc" } as const;
      await store.transaction((tx) =>
        saveTask(tx, { ...task, version: 1, pullRequest }, { event: closed, effects: [] }),
      );
    }
    expect((await findTaskByPullRequest(store.db, 200, 12))?.id).toBe("200-7");
    expect(await findTaskByPullRequest(store.db, 200, 1)).toBeUndefined();
  });

  it("is live while it is busy or its pull request is open", async () => {
    const store = await databases.open();
    const states = [
      {},
      { work: { kind: "queued", run: "100-2-1" } },
      { pullRequest: { kind: "open", number: 3, headSha: "abc" } },
      { pullRequest: { kind: "merged", number: 4 } },
    ] as const;
    for (const [index, state] of states.entries()) {
      const task = await makeTask(store, index + 1);
      await store.transaction((tx) => saveTask(tx, { ...task, ...state, version: 1 }, { event: closed, effects: [] }));
    }
    expect((await liveTasks(store.db)).map((task) => task.id)).toEqual(["100-2", "100-3"]);
  });

  it("is not made by asking for one that does not exist", async () => {
    const store = await databases.open();
    expect(await store.transaction((tx) => lockTaskById(tx, "100-7"))).toBeUndefined();
  });
});

describe("the decision log", () => {
  it("has a line for every decision and every refusal to decide", async () => {
    const store = await databases.open();
    const task = await makeTask(store, 7);
    await store.transaction(async (tx) => {
      await saveTask(tx, { ...task, version: 1 }, { event: closed, effects: [{ type: "refresh_status" }] });
      await saveTask(tx, { ...task, rounds: 99 }, { event: closed, effects: [], ignored: "another run" });
    });
    const lines = await store.db
      .selectFrom("decision")
      .select(["version", "effects", "ignored"])
      .orderBy("seq")
      .execute();
    expect(lines).toEqual([
      { version: 1, effects: ["refresh_status"], ignored: null },
      { version: 0, effects: [], ignored: "another run" },
    ]);
    expect((await readTask(store.db, task.id))?.rounds).toBe(0);
  });

  it("cannot be changed afterwards", async () => {
    const store = await databases.open();
    const task = await makeTask(store, 7);
    await store.transaction((tx) => saveTask(tx, { ...task, version: 1 }, { event: closed, effects: [] }));
    const rewrite = store.db.updateTable("decision").set({ ignored: "never happened" }).execute();
    await expect(rewrite).rejects.toThrow("append-only");
    await expect(store.db.deleteFrom("decision").execute()).rejects.toThrow("append-only");
    await expect(sql`truncate baton.decision`.execute(store.db)).rejects.toThrow("append-only");
  });
});

describe("what is remembered beside a task", () => {
  it("is the newest object under a key", async () => {
    const store = await databases.open();
    const { id } = await makeTask(store, 7);
    await store.transaction((tx) => rememberObject(tx, id, { key: "status", externalId: "1" }));
    await store.transaction((tx) => rememberObject(tx, id, { key: "status", externalId: "2" }));
    expect(await findObject(store.db, id, "status")).toBe("2");
    expect(await findObject(store.db, id, "check")).toBeUndefined();
  });
});
