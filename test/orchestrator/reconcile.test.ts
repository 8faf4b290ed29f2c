import { describe, expect, it, onTestFinished } from "vitest";
import { createOrchestrator } from "../../src/orchestrator/orchestrator.ts";
import { createReconciler } from "../../src/orchestrator/reconcile.ts";
import type { WebhookWords } from "../../src/orchestrator/reconcile-ports.ts";
import { readLook } from "../../src/orchestrator/store/looks.ts";
import type { Store } from "../../src/orchestrator/store/open-store.ts";
import { readTask } from "../../src/orchestrator/store/tasks.ts";
import { monday } from "../support/builders.ts";
import { testDatabases } from "../support/database.ts";
import { quietLog } from "../support/temporary-data-dir.ts";
import { until } from "../support/until.ts";
import { aWatchedGitHub, type FakeWatched, failure, labelledThread } from "./a-watched-github.ts";
import { queueRun } from "./store/builders.ts";

const databases = testDatabases();
const minute = 60_000;
const day = 86_400_000;
const botUserId = 77;
const words: WebhookWords = {
  triggerLabels: async () => (label) => label.startsWith("agent"),
  readComment: async () => undefined,
};

async function given(installations: Readonly<Record<number, readonly number[]>> = { 5: [1] }) {
  const store = await databases.open();
  const github = aWatchedGitHub(installations);
  const time = { now: monday };
  const orchestrator = createOrchestrator({ store, limits: { total: 10, perRepository: 3 } });
  const reconciler = createReconciler({
    store,
    orchestrator,
    github,
    words,
    self: { botUserId },
    clock: () => time.now,
    log: quietLog,
  });
  await reconciler.notice();
  github.asked.length = 0;
  return { store, github, time, reconciler };
}

function putLabelled(github: FakeWatched, repository: number, thread = labelledThread(monday)): void {
  github.issues.set(repository, [
    { number: 7, state: "open", isPullRequest: thread.isPullRequest, labels: thread.labels },
  ]);
  github.threads.set(`${repository}-7`, thread);
}

const workOf = async (store: Store, task = "1-7") => (await readTask(store.db, task))?.work.kind;

describe("a label nobody told of", () => {
  it("asks for a run as its webhook would have, with the text as it is now", async () => {
    const { store, github, reconciler, time } = await given();
    putLabelled(github, 1, labelledThread(monday + minute, { updatedAt: monday + 2 * minute }));
    time.now += 5 * minute;
    expect(await reconciler.reconcile()).toMatchObject({ recovered: 1 });
    expect(await readTask(store.db, "1-7")).toMatchObject({
      installationId: 5,
      title: "Totals are one cent off",
      work: {
        kind: "authorising",
        trigger: {
          source: { kind: "label", label: "agent" },
          actor: { login: "ann" },
          at: monday + minute,
          issue: { body: "Please fix it.", asOf: monday + 2 * minute },
        },
      },
    });
    github.asked.length = 0;
    expect(await reconciler.reconcile()).toMatchObject({ recovered: 0 });
  });

  it.each([
    ["before we came to the repository", -1, 0],
    ["more than three days ago", 0, 3 * day + 1],
  ])("starts nothing when it was put on %s", async (_when, labelledAt, later) => {
    const { store, github, reconciler, time } = await given();
    putLabelled(github, 1, labelledThread(monday + labelledAt));
    time.now += later;
    expect(await reconciler.reconcile()).toMatchObject({ recovered: 0, troubled: 0 });
    expect(await workOf(store)).toBeUndefined();
  });

  it.each([
    [
      "by ourselves",
      { labelings: [{ label: "agent", at: monday, actor: { id: botUserId, login: "x", type: "Bot" } }] },
    ],
    ["by an account that is gone", { labelings: [{ label: "agent", at: monday, actor: undefined }] }],
    ["on a pull request", { isPullRequest: true }],
    ["before it was taken off again", { labels: ["bug"] }],
    ["and is not this repository's trigger", { labels: ["bug"], labelings: [{ label: "bug", at: monday }] }],
  ] as const)("starts nothing when it was put on %s", async (_how, changes) => {
    const { store, github, reconciler } = await given();
    putLabelled(github, 1, labelledThread(monday, changes as Partial<ReturnType<typeof labelledThread>>));
    expect(await reconciler.reconcile()).toMatchObject({ recovered: 0, troubled: 0 });
    expect(await workOf(store)).toBeUndefined();
  });

  it("counts from the second in which we came, for GitHub's clock has no smaller unit", async () => {
    const store = await databases.open();
    const github = aWatchedGitHub({ 5: [1] });
    const orchestrator = createOrchestrator({ store, limits: { total: 10, perRepository: 3 } });
    const clock = () => monday + 999;
    const parts = { store, orchestrator, github, words, self: { botUserId }, clock, log: quietLog };
    putLabelled(github, 1, labelledThread(monday));
    expect(await createReconciler(parts).reconcile()).toMatchObject({ recovered: 1 });
  });
});

describe("looking at a repository", () => {
  it("goes on from the last look, with ten minutes of overlap", async () => {
    const { github, reconciler, time } = await given();
    await reconciler.reconcile();
    time.now += 15 * minute;
    await reconciler.reconcile();
    time.now += 10 * day;
    await reconciler.reconcile();
    const since = github.asked
      .filter((each) => each.startsWith("issues of"))
      .map((each) => Number(each.split(" ").at(-1)));
    expect(since.map((each) => each - monday)).toEqual([0, 0, 7 * day + 15 * minute]);
    time.now += 15 * minute;
    await reconciler.reconcile();
    expect(github.asked.at(-1)).toBe(`issues of 1 since ${time.now - 25 * minute}`);
  });

  it("starts over where it failed, and the others do not suffer", async () => {
    const { store, github, reconciler, time } = await given({ 5: [1, 2], 6: [3] });
    for (const repository of [1, 2, 3]) putLabelled(github, repository);
    github.trouble.set(1, failure("doubt"));
    time.now += 15 * minute;
    expect(await reconciler.reconcile()).toMatchObject({ repositories: 3, recovered: 2, troubled: 1 });
    expect([await workOf(store), await workOf(store, "2-7"), await workOf(store, "3-7")]).toEqual([
      undefined,
      "authorising",
      "authorising",
    ]);
    expect((await readLook(store.db, 1))?.readUntil).toBeUndefined();
    expect((await readLook(store.db, 2))?.readUntil).toBe(time.now);
    github.trouble.clear();
    expect(await reconciler.reconcile()).toMatchObject({ recovered: 1, troubled: 0 });
  });

  it("starts over when one of its issues could not be read", async () => {
    const { store, github, reconciler } = await given();
    putLabelled(github, 1);
    github.threads.clear();
    expect(await reconciler.reconcile()).toMatchObject({ recovered: 0, troubled: 1 });
    expect((await readLook(store.db, 1))?.readUntil).toBeUndefined();
  });

  it("stops asking for an installation that GitHub wants to be left alone, and goes on with others", async () => {
    const { github, reconciler } = await given({ 5: [1, 2], 6: [3] });
    github.trouble.set(1, failure("rate_limited"));
    expect(await reconciler.reconcile()).toMatchObject({ troubled: 1 });
    expect(github.asked.filter((each) => each.startsWith("issues of")).map((each) => each.split(" ")[2])).toEqual([
      "1",
      "3",
    ]);
  });

  it("asks nothing more at all when the app itself is to be left alone", async () => {
    const { github, reconciler } = await given();
    github.trouble.set(0, failure("rate_limited"));
    expect(await reconciler.reconcile()).toMatchObject({ troubled: 1, repositories: 0 });
    expect(github.asked).toHaveLength(1);
  });
});

describe("webhooks that failed", () => {
  const failed = (n: number, deliveredAt = monday + n) => ({
    id: String(n),
    guid: `guid-${n}`,
    event: "issues",
    action: "labeled",
    deliveredAt,
  });
  const redelivered = (github: FakeWatched) => github.asked.filter((each) => each.startsWith("redeliver "));

  it("are asked for again unless we have them, from three days back at first", async () => {
    const { store, github, reconciler, time } = await given();
    const record = { id: "guid-2", event: "issues", action: "labeled", installationId: 5, semanticKey: undefined };
    const orchestrator = createOrchestrator({ store, limits: { total: 1, perRepository: 1 } });
    await orchestrator.record({ ...record, body: Buffer.from("{}") }, "no family");
    github.failed = [failed(3), failed(2), failed(1)];
    expect(await reconciler.reconcile()).toMatchObject({ redelivered: 2 });
    expect(github.asked).toContain(`deliveries since ${monday - 3 * day}`);
    expect(redelivered(github)).toEqual(["redeliver 1", "redeliver 3"]);
    time.now += 15 * minute;
    github.failed = [];
    await reconciler.reconcile();
    expect(github.asked).toContain(`deliveries since ${monday - 10 * minute}`);
  });

  it("are asked for fifty at a time, the oldest first, and none is skipped", async () => {
    const { github, reconciler, time } = await given();
    github.failed = Array.from({ length: 60 }, (_, n) => failed(n)).reverse();
    expect(await reconciler.reconcile()).toMatchObject({ redelivered: 50 });
    time.now += 15 * minute;
    await reconciler.reconcile();
    expect(github.asked).toContain(`deliveries since ${monday + 50 - 10 * minute}`);
  });

  it("are given up after five attempts", async () => {
    const { github, reconciler, time } = await given();
    for (let pass = 0; pass < 8; pass++) {
      github.failed = [failed(1, time.now)];
      await reconciler.reconcile();
      time.now += 15 * minute;
    }
    expect(redelivered(github)).toHaveLength(5);
  });
});

describe("passes", () => {
  it("let a run start that was given back when nobody else could wake it", async () => {
    const { store, reconciler } = await given();
    await queueRun(store, { id: "r1", issue: 1, limits: { total: 0, perRepository: 0 } });
    await reconciler.reconcile();
    expect(await store.db.selectFrom("run").select(["id", "state"]).execute()).toEqual([{ id: "r1", state: "active" }]);
  });

  it("follow each other, also when two are asked for at once", async () => {
    const { github, reconciler } = await given();
    await Promise.all([reconciler.reconcile(), reconciler.reconcile()]);
    const kinds = github.asked.map((each) => each.split(" ")[0]);
    const one = ["deliveries", "installations", "repositories", "issues"];
    expect(kinds).toEqual([...one, ...one]);
  });

  it("are made at once and on a timer, and are shared by all processes", async () => {
    const { store, github, reconciler, time } = await given();
    onTestFinished(() => reconciler.stop());
    const passes = () => github.asked.filter((each) => each === "installations").length;
    const madeOf = (number: number) =>
      until(() => (passes() === number ? true : undefined), { what: `${number} passes`, within: 10_000 });
    reconciler.keepReconciling(40);
    await madeOf(1);
    time.now += 20;
    await madeOf(2);
    const { at } = await store.db
      .selectFrom("watermark")
      .select("at")
      .where("name", "=", "pass")
      .executeTakeFirstOrThrow();
    expect(at.getTime()).toBe(time.now);
    await reconciler.stop();
    time.now += 100;
    expect(passes()).toBe(2);
  });

  it("end after the step they are in when the process drains", async () => {
    const { github, reconciler } = await given({ 5: [1, 2, 3] });
    const first = github.listChangedIssues;
    let stopping: Promise<void> | undefined;
    github.listChangedIssues = (at, since) => {
      stopping ??= reconciler.stop();
      return first(at, since);
    };
    const report = await reconciler.reconcile();
    await stopping;
    expect(report.repositories).toBe(3);
    expect(github.asked.filter((each) => each.startsWith("issues of"))).toHaveLength(1);
  });
});
