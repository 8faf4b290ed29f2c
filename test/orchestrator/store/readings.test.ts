import { describe, expect, it } from "vitest";
import type { Effect } from "../../../src/orchestrator/domain/effect.ts";
import { addEffects, claimNext, nextDueIn } from "../../../src/orchestrator/store/effects.ts";
import type { Store } from "../../../src/orchestrator/store/open-store.ts";
import { testDatabases } from "../../support/database.ts";
import { ann, makeTask } from "./builders.ts";

const databases = testDatabases();
const minutes = (count: number) => count * 60_000;

const reading = (notBefore: number): Effect => ({ type: "read_feedback", number: 9, notBefore, asked: undefined });
const askedReading: Effect = {
  type: "read_feedback",
  number: 9,
  notBefore: 0,
  asked: { by: ann, at: 1, guidance: "Mind the sums.", thread: 9 },
};

/** A task whose decisions order these readings, one after the other. */
async function ordered(...readings: readonly Effect[]): Promise<Store> {
  const store = await databases.open();
  const task = await makeTask(store, 7);
  for (const [version, effect] of readings.entries())
    await store.transaction((tx) => addEffects(tx, { ...task, version: version + 1 }, [effect]));
  return store;
}

const states = async (store: Store) =>
  (await store.db.selectFrom("effect").select("state").orderBy("seq").execute()).map(({ state }) => state);
const dueIn = async (store: Store) => (await nextDueIn(store.db, "100-7")) ?? Number.NaN;

describe("a reading of a pull request", () => {
  it("waits for quiet, one at a time, and news puts it off, but not for ever", async () => {
    const store = await ordered(reading(Date.now() + minutes(1)), reading(Date.now() + minutes(5)));
    expect(await states(store)).toEqual(["pending"]);
    expect(await dueIn(store)).toBeGreaterThan(minutes(4));
    const long = await ordered(reading(Date.now() + minutes(1)), reading(Date.now() + minutes(50)));
    expect(await dueIn(long)).toBeLessThan(minutes(11));
  });

  it("is never brought forward by the longest wait", async () => {
    const store = await ordered(reading(Date.now() + minutes(50)), reading(Date.now() + minutes(51)));
    expect(await dueIn(store)).toBeGreaterThan(minutes(45));
  });

  it("that somebody asks for comes at once in the place of the one that waits, with what was said", async () => {
    const store = await ordered(reading(Date.now() + minutes(1)), askedReading);
    expect(await states(store)).toEqual(["cancelled", "pending"]);
    const claimed = await claimNext(store.db, { taskId: "100-7", owner: "w1", leaseMs: 60_000 });
    expect(claimed?.payload).toMatchObject({ asked: { guidance: "Mind the sums." } });
  });

  it("that somebody asked for is not put off by what comes after it", async () => {
    const store = await ordered(askedReading, reading(Date.now() + minutes(1)));
    expect(await states(store)).toEqual(["pending", "pending"]);
    expect(await dueIn(store)).toBe(0);
  });
});
