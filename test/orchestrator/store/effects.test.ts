import { describe, expect, it } from "vitest";
import type { Effect } from "../../../src/orchestrator/domain/effect.ts";
import {
  addEffects,
  type ClaimedEffect,
  cancelLater,
  claimNext,
  completeEffect,
  dueTasks,
  failEffect,
  holdEffect,
  nextDueIn,
  ownerOf,
  postponeEffect,
  releaseFormerEffects,
} from "../../../src/orchestrator/store/effects.ts";
import type { Store } from "../../../src/orchestrator/store/open-store.ts";
import { lockTask } from "../../../src/orchestrator/store/tasks.ts";
import { testDatabases } from "../../support/database.ts";
import { ann, issueKey, makeTask } from "./builders.ts";

const databases = testDatabases();

const push: Effect = { type: "push_branch", run: "r1", headSha: "a" };
const openPullRequest: Effect = { type: "open_pull_request", run: "r1", headSha: "a" };
const refresh: Effect = { type: "refresh_status" };
const say = (key: string): Effect => ({ type: "say", key, message: { kind: "help", to: ann } });
const react: Effect = { type: "react", to: { kind: "comment", commentId: 1, thread: 7 } };

/** Decisions of one task, one after the other. */
async function decide(store: Store, ...decisions: readonly (readonly Effect[])[]): Promise<void> {
  const task = await makeTask(store, 7);
  for (const [index, effects] of decisions.entries()) {
    versions += 1;
    await store.transaction((tx) => addEffects(tx, { ...task, version: versions + index }, effects));
  }
}
let versions = 0;

const claim = (store: Store, owner = "w1", leaseMs = 60_000) =>
  claimNext(store.db, { taskId: "100-7", owner, leaseMs });
const complete = (store: Store, effect: ClaimedEffect | undefined) =>
  store.transaction((tx) => completeEffect(tx, held(effect)));
const later = (ms: number, counts: "try" | "pause" = "try") => ({ nextAt: Date.now() + ms, error: "502", counts });

function held(effect: ClaimedEffect | undefined): ClaimedEffect {
  if (!effect) throw new Error("nothing was claimed");
  return effect;
}

async function states(store: Store): Promise<readonly string[]> {
  const rows = await store.db.selectFrom("effect").select(["type", "state"]).orderBy("seq").execute();
  return rows.map((row) => `${row.type} ${row.state}`);
}

/** Claims until nothing more can be. */
async function claimAll(store: Store): Promise<readonly string[]> {
  const types: string[] = [];
  for (let next = await claim(store); next; next = await claim(store)) types.push(next.type);
  return types;
}

describe("the outbox", () => {
  it("names an effect by task, version and place, and leaves out what the store does itself", async () => {
    const store = await databases.open();
    const task = await makeTask(store, 7);
    const effects: Effect[] = [react, { type: "cancel_run", run: "r0" }, refresh];
    await store.transaction((tx) => addEffects(tx, { ...task, version: 4 }, effects));
    const rows = await store.db.selectFrom("effect").select(["id", "payload"]).orderBy("seq").execute();
    expect(rows).toEqual([
      { id: "100-7-4-0", payload: react },
      { id: "100-7-4-2", payload: refresh },
    ]);
  });

  it("refuses the same decision a second time", async () => {
    const store = await databases.open();
    const task = await makeTask(store, 7);
    const add = () => store.transaction((tx) => addEffects(tx, { ...task, version: 1 }, [react]));
    await add();
    await expect(add()).rejects.toThrow("effect_pkey");
  });

  it("hands out the steps of publishing one after the other", async () => {
    const store = await databases.open();
    await decide(store, [push, openPullRequest]);
    const first = await claim(store);
    expect(first).toMatchObject({ type: "push_branch", attempts: 1, fence: 1, leaseOwner: "w1" });
    expect(await claim(store, "w2")).toBeUndefined();
    await complete(store, first);
    expect(await claim(store, "w2")).toMatchObject({ type: "open_pull_request" });
  });

  it("hands each effect to one of many workers", async () => {
    const store = await databases.open();
    await decide(store, [push, react, say("a"), refresh]);
    const claimed = await Promise.all(Array.from({ length: 8 }, (_, n) => claim(store, `w${n}`)));
    const ids = claimed.flatMap((effect) => effect?.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(0);
  });

  it("keeps publishing in order through a retry, and does not keep people waiting for it", async () => {
    const store = await databases.open();
    await decide(store, [push, openPullRequest, react, say("a"), refresh]);
    const first = held(await claim(store));
    await store.transaction((tx) => postponeEffect(tx, first, later(60_000)));
    expect(await claimAll(store)).toEqual(["react", "say", "refresh_status"]);
  });

  it("keeps what is said in order through a retry", async () => {
    const store = await databases.open();
    await decide(store, [say("first"), say("second")]);
    const first = held(await claim(store));
    await store.transaction((tx) => postponeEffect(tx, first, later(60_000)));
    expect(await claim(store)).toBeUndefined();
  });

  it("goes on after an effect that can never succeed", async () => {
    const store = await databases.open();
    await decide(store, [push, openPullRequest]);
    const first = held(await claim(store));
    await store.transaction((tx) => failEffect(tx, first, "protected branch\u0000"));
    expect(await claim(store)).toMatchObject({ type: "open_pull_request" });
    expect((await store.db.selectFrom("effect").select("error").orderBy("seq").executeTakeFirst())?.error).toBe(
      "protected branch\uFFFD",
    );
  });

  it("hands out a postponed effect when its time has come", async () => {
    const store = await databases.open();
    await decide(store, [push]);
    const first = held(await claim(store));
    await store.transaction((tx) => postponeEffect(tx, first, later(60_000)));
    expect(await nextDueIn(store.db, "100-7")).toBeGreaterThan(50_000);
    await store.db
      .updateTable("effect")
      .set({ nextAt: new Date(Date.now() - 1) })
      .execute();
    expect(await nextDueIn(store.db, "100-7")).toBe(0);
    expect(await claim(store)).toMatchObject({ id: first.id, attempts: 2, error: "502" });
  });

  it("gives the effect of a dead worker to another, and refuses the dead one's late answer", async () => {
    const store = await databases.open();
    await decide(store, [push]);
    const dead = held(await claim(store, "dead"));
    expect(await claim(store, "heir")).toBeUndefined();
    await store.db
      .updateTable("effect")
      .set({ leaseUntil: new Date(Date.now() - 1) })
      .execute();
    const heir = await claim(store, "heir");
    expect(heir).toMatchObject({ id: dead.id, fence: 2, leaseOwner: "heir" });
    for (const settle of [
      () => complete(store, dead),
      () => store.transaction((tx) => postponeEffect(tx, dead, later(0))),
      () => store.transaction((tx) => failEffect(tx, dead, "late")),
    ]) {
      await expect(settle()).rejects.toMatchObject({ code: "LOST_CLAIM" });
    }
    await store.transaction((tx) => completeEffect(tx, held(heir), "pr-12"));
    expect(await store.db.selectFrom("effect").select(["state", "externalId"]).execute()).toEqual([
      { state: "done", externalId: "pr-12" },
    ]);
  });

  it("stays with a worker that says that it lives, even late, until another has it", async () => {
    const store = await databases.open();
    await decide(store, [push]);
    const first = held(await claim(store, "w1", 0));
    await holdEffect(store.db, first, 60_000);
    expect(await claim(store, "w2")).toBeUndefined();
    await store.db
      .updateTable("effect")
      .set({ leaseUntil: new Date(Date.now() - 1) })
      .execute();
    await claim(store, "w2");
    await expect(holdEffect(store.db, first, 60_000)).rejects.toMatchObject({ code: "LOST_CLAIM" });
  });

  it("lets go at once of what an earlier start of the same worker held, and of nothing else", async () => {
    const store = await databases.open();
    const [before, now] = [
      { worker: "host:/data", boot: "1" },
      { worker: "host:/data", boot: "2" },
    ];
    await decide(store, [push, react, say("a")]);
    const left = held(await claim(store, ownerOf(before)));
    await claim(store, ownerOf({ worker: "host:/data2", boot: "1" }));
    await claim(store, ownerOf(now));
    expect(await releaseFormerEffects(store.db, now)).toBe(1);
    expect(await claim(store, ownerOf(now))).toMatchObject({ id: left.id, attempts: 2 });
    expect(await claim(store, ownerOf(now))).toBeUndefined();
  });

  it("settles an effect once", async () => {
    const store = await databases.open();
    await decide(store, [push]);
    const effect = await claim(store);
    await complete(store, effect);
    await expect(complete(store, effect)).rejects.toMatchObject({ code: "LOST_CLAIM" });
  });

  it("withdraws what is left of a run, and nothing else", async () => {
    const store = await databases.open();
    await decide(store, [push, openPullRequest, refresh], [{ ...push, run: "r2" }]);
    await claim(store);
    await store.transaction((tx) => cancelLater(tx, "r1"));
    expect(await states(store)).toEqual([
      "push_branch doing",
      "open_pull_request cancelled",
      "refresh_status pending",
      "push_branch pending",
    ]);
  });

  it("knows which tasks have something to do right now", async () => {
    const store = await databases.open();
    await decide(store, [push, openPullRequest]);
    expect(await dueTasks(store.db)).toEqual(["100-7"]);
    const effect = await claim(store);
    expect(await dueTasks(store.db)).toEqual([]);
    await store.db
      .updateTable("effect")
      .set({ leaseUntil: new Date(Date.now() - 1) })
      .where("id", "=", held(effect).id)
      .execute();
    expect(await dueTasks(store.db)).toEqual(["100-7"]);
    expect(await nextDueIn(store.db, "100-8")).toBeUndefined();
  });
});

describe("refreshing the status comment", () => {
  it("waits only once, however much happens", async () => {
    const store = await databases.open();
    await decide(store, [refresh], [refresh], [refresh]);
    expect(await states(store)).toEqual(["refresh_status pending"]);
  });

  it("keeps its place before the 👀 that goes on the comment", async () => {
    const store = await databases.open();
    await decide(store, [refresh, { type: "react", to: { kind: "label", label: "agent" } }], [refresh]);
    const first = await claim(store);
    expect(first).toMatchObject({ type: "refresh_status" });
    expect(await claim(store)).toBeUndefined();
    await complete(store, first);
    expect(await claim(store)).toMatchObject({ type: "react" });
  });

  it("is done again when something happened while it was being done", async () => {
    const store = await databases.open();
    await decide(store, [refresh]);
    const first = await claim(store);
    await decide(store, [refresh]);
    expect(await claim(store)).toBeUndefined();
    await complete(store, first);
    expect(await claim(store)).toMatchObject({ type: "refresh_status" });
  });

  it("does not come back earlier than GitHub asked because of news", async () => {
    const store = await databases.open();
    await decide(store, [refresh]);
    const first = held(await claim(store));
    await store.transaction((tx) => postponeEffect(tx, first, later(60_000)));
    await decide(store, [refresh]);
    expect(await claim(store)).toBeUndefined();
    expect(await nextDueIn(store.db, "100-7")).toBeGreaterThan(50_000);
  });
});

describe("a pause that GitHub asked for", () => {
  it("costs no try, and leaves a doubt of before in doubt", async () => {
    const store = await databases.open();
    await decide(store, [push]);
    const pause = async () => {
      const effect = held(await claim(store));
      await store.transaction((tx) => postponeEffect(tx, effect, later(-1, "pause")));
      return effect.attempts;
    };
    expect([await pause(), await pause()]).toEqual([1, 1]);
    const doubtful = held(await claim(store));
    await store.transaction((tx) => postponeEffect(tx, doubtful, later(-1)));
    expect([await pause(), await pause()]).toEqual([2, 2]);
  });

  it("holds up everything of that installation, what is new as well, and no other", async () => {
    const store = await databases.open();
    await decide(store, [push, say("a")]);
    await decideFor(store, { issue: 8, installationId: 5 }, refresh);
    const told = held(await claim(store));
    await store.transaction((tx) => postponeEffect(tx, told, later(60_000, "pause")));
    await decideFor(store, { issue: 9, installationId: 5 }, refresh);
    await decideFor(store, { issue: 10, installationId: 6 }, refresh);
    expect(await dueTasks(store.db)).toEqual(["100-10"]);
    for (const task of ["100-7", "100-8", "100-9"]) expect(await nextDueIn(store.db, task)).toBeGreaterThan(50_000);

    await store.db
      .updateTable("effect")
      .set({ nextAt: new Date(Date.now() - 1) })
      .execute();
    await decideFor(store, { issue: 11, installationId: 5 }, refresh);
    expect(await dueTasks(store.db)).toEqual(["100-10", "100-11", "100-7", "100-8", "100-9"]);
  });
});

/** A decision about an issue of an installation. */
async function decideFor(
  store: Store,
  { issue, installationId }: { readonly issue: number; readonly installationId: number },
  ...effects: readonly Effect[]
): Promise<void> {
  await store.transaction(async (tx) => {
    const task = await lockTask(tx, { ...issueKey(issue), installationId });
    await addEffects(tx, task, effects);
  });
}
