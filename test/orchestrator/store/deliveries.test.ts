import { describe, expect, it } from "vitest";
import {
  insertDelivery,
  markHandled,
  type NewDelivery,
  unhandled,
} from "../../../src/orchestrator/store/deliveries.ts";
import { lockTask, readTask } from "../../../src/orchestrator/store/tasks.ts";
import { testDatabases } from "../../support/database.ts";
import { issueKey } from "./builders.ts";

const databases = testDatabases();

function delivery(changes: Partial<NewDelivery> = {}): NewDelivery {
  const base = { id: "guid-1", event: "issues", action: "labeled", installationId: 5, semanticKey: undefined };
  return { ...base, body: Buffer.from('{"action":"labeled"}'), ...changes };
}

describe("the inbox", () => {
  it("takes one of fifty deliveries with the same id that arrive at once", async () => {
    const store = await databases.open();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => store.transaction((tx) => insertDelivery(tx, delivery()))),
    );
    expect(answers.filter((answer) => answer === "new")).toHaveLength(1);
    expect(await store.db.selectFrom("delivery").select("id").execute()).toEqual([{ id: "guid-1" }]);
  });

  it("takes one of fifty deliveries that mean the same under different ids", async () => {
    const store = await databases.open();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        store.transaction((tx) => insertDelivery(tx, delivery({ id: `guid-${n}`, semanticKey: "label:7:agent:1" }))),
      ),
    );
    expect(answers.filter((answer) => answer === "new")).toHaveLength(1);
  });

  it("records the outcome of every id, also of those that said nothing new", async () => {
    const store = await databases.open();
    await store.transaction((tx) => insertDelivery(tx, delivery({ id: "first", semanticKey: "k" })));
    await store.transaction((tx) => markHandled(tx, "first", "decided"));
    await store.transaction((tx) => insertDelivery(tx, delivery({ id: "again", semanticKey: "k" })));
    const rows = await store.db.selectFrom("delivery").select(["id", "outcome"]).orderBy("id").execute();
    expect(rows).toEqual([
      { id: "again", outcome: "duplicate" },
      { id: "first", outcome: "decided" },
    ]);
  });

  it("keeps nothing of a transaction that fails, so that the redelivery is new", async () => {
    const store = await databases.open();
    const failing = store.transaction(async (tx) => {
      await insertDelivery(tx, delivery());
      await lockTask(tx, issueKey(7));
      throw new Error("the decision failed");
    });
    await expect(failing).rejects.toThrow("the decision failed");
    expect(await readTask(store.db, "100-7")).toBeUndefined();
    expect(await store.transaction((tx) => insertDelivery(tx, delivery()))).toBe("new");
  });

  it("keeps the signed bytes as they came", async () => {
    const store = await databases.open();
    const body = Buffer.from('{"id":9007199254740993,"title":"\\u0000 \\ud800"}\xff', "latin1");
    await store.transaction((tx) => insertDelivery(tx, delivery({ body })));
    expect((await unhandled(store.db)).map((row) => row.body)).toEqual([body]);
  });

  it("lists what is not handled yet, oldest first", async () => {
    const store = await databases.open();
    for (const id of ["a", "b", "c"]) await store.transaction((tx) => insertDelivery(tx, delivery({ id })));
    await store.transaction((tx) => markHandled(tx, "b", "ignored"));
    expect((await unhandled(store.db)).map((row) => row.id)).toEqual(["a", "c"]);
  });
});
