import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGit } from "../../../src/git/index.ts";
import { InDoubt, Refused } from "../../../src/orchestrator/effects/failure.ts";
import type { Conducted } from "../../../src/orchestrator/run/work.ts";
import type { Files } from "../../git/support/plain-git.ts";
import { branch, type RoundBench, roundBench } from "./round-bench.ts";

let world: RoundBench;
/** A round's work: the first line of `greet.txt` in capitals. */
let made: Conducted;
let headSha: string;
const rescue = `${branch}-rescue-2`;

beforeAll(async () => {
  world = await roundBench();
  made = await world.conduct(
    `sed -i s/one/ONE/ greet.txt; answers '[{"id":"thread-1","answer":"fixed","text":"Done."}]'`,
    world.orderFor(),
  );
  if (made.outcome.kind !== "changed") throw new Error(JSON.stringify(made.outcome));
  headSha = made.outcome.headSha;
});
beforeEach(() => world.reset());
afterAll(() => world.close());

const push = (changes = {}, order = world.orderFor()) => world.push(made, order, changes);
const pushes = (changes: Files, parent = world.startSha) =>
  world.bench.pushes(branch, { ...world.started, ...changes }, [parent]);
const seventh = { "greet.txt": "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n" };

describe("publishing a round", () => {
  it("moves the branch to the round's commit, and finds that done when it is tried again", async () => {
    expect(await push()).toMatchObject({ event: { type: "branch_pushed", headSha } });
    expect(await world.headOf(branch)).toBe(headSha);
    expect(await push()).toMatchObject({ event: { headSha } });
  });

  it("takes in what people pushed meanwhile, and finds that done when it is tried again", async () => {
    const theirs = await pushes(seventh);
    const done = await push();
    const head = await world.headOf(branch);
    expect(done).toMatchObject({ event: { type: "branch_pushed", run: "500-7-5", headSha: head } });
    expect(await world.remote("show", "-s", "--format=%P|%an", head ?? "")).toBe(`${theirs} ${headSha}|baton[bot]`);
    expect(await world.remote("show", `${head}:greet.txt`)).toBe("ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN");
    expect(await push()).toMatchObject({ event: { headSha: head } });
    expect(await world.headOf(branch)).toBe(head);
  });

  it("comes to the same end after a crash between push and event, also when people go on at once", async () => {
    await pushes(seventh);
    const crash = async (order: Parameters<typeof world.bench.baton.push>[0]) => {
      await world.bench.baton.push(order);
      throw new Error("the machine is gone");
    };
    await expect(push({ push: crash })).rejects.toThrow("gone");
    const merged = (await world.headOf(branch)) ?? "";
    expect(await push()).toMatchObject({ event: { headSha: merged } });
    const onTop = await pushes({ more: "1" }, merged);
    expect(await push()).toMatchObject({ event: { headSha: onTop } });
    expect(await world.headOf(branch)).toBe(onTop);
  });

  it("follows a branch that moves under its hands, a few times", async () => {
    let parent = world.startSha;
    const restless = (times: number) => {
      let pushed = 0;
      return async (order: Parameters<typeof world.bench.baton.push>[0]) => {
        if (pushed++ < times) parent = await pushes({ ...seventh, [`more-${pushed}`]: "1" }, parent);
        return world.bench.baton.push(order);
      };
    };
    await expect(push({ push: restless(99) })).rejects.toThrow(InDoubt);
    expect(await world.headOf(branch)).toBe(parent);
    expect(await world.remote("rev-list", "--count", `${world.startSha}..${parent}`)).toBe("4");
    await push({ push: restless(3) });
    expect(await world.remote("merge-base", "--is-ancestor", parent, branch)).toBe("");
    expect(await world.remote("merge-base", "--is-ancestor", headSha, branch)).toBe("");
  });

  it("overwrites nobody on the same lines: the work is kept on a branch of its own, and a person is told", async () => {
    const theirs = await pushes({ "greet.txt": "uno\n" });
    const refusal = await push().catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(Refused);
    expect(String(refusal)).toContain("the same lines: `greet.txt`");
    expect(String(refusal)).toContain(`is on the branch \`${rescue}\``);
    expect(await world.headOf(branch)).toBe(theirs);
    expect(await world.headOf(rescue)).toBe(headSha);
    expect(String(await push().catch((cause: unknown) => cause))).toBe(String(refusal));
  });

  it("does not overwrite what stands in the rescue branch's place either", async () => {
    const theirs = await world.bench.pushes(rescue, { theirs: "1" });
    await pushes({ "greet.txt": "uno\n" });
    await expect(push()).rejects.toThrow(/`agent\/issue-7-rescue-2` is taken/);
    expect(await world.headOf(rescue)).toBe(theirs);
  });

  it("pushes nothing at all when the branch was rewritten: what somebody took out stays out", async () => {
    await world.bench.pushes(branch, { ...world.started, other: "history" }, [world.bench.baseSha]);
    await expect(push()).rejects.toThrow(/was rewritten/);
    await world.bench.pushes(branch, world.started, []);
    await expect(push()).rejects.toThrow(/was rewritten/);
    const elsewhere = createGit({ dataDir: `${world.bench.dataDir}-elsewhere` });
    await expect(push(elsewhere)).rejects.toThrow(/`agent\/issue-7` was rewritten/);
    expect(await world.headOf(rescue)).toBeUndefined();
    expect(await world.remote("branch", "--contains", headSha)).toBe("");
  });

  it("does not make a branch again that somebody deleted", async () => {
    await world.remote("update-ref", "-d", `refs/heads/${branch}`);
    await expect(push()).rejects.toThrow(/`agent\/issue-7` is gone/);
    expect(await world.remote("for-each-ref", "--format=%(refname)", "refs/heads/agent")).toBe("");
  });

  it("judges the merge: a file that people moved to a protected place is not changed there", async () => {
    const { "greet.txt": text, ...rest } = world.started;
    const moved = { ...rest, "guarded/greet.txt": text ?? "" };
    const theirs = await world.bench.pushes(branch, moved, [world.startSha]);
    const order = world.orderFor({ policy: { protect: { deny: ["guarded/**"], hold: [], flag: [] } } });
    await expect(push({}, order)).rejects.toThrow(
      /may not be published\. `guarded\/greet.txt` is protected.*rescue-2`/,
    );
    expect(await world.headOf(branch)).toBe(theirs);
    expect(await push()).toMatchObject({ event: { type: "branch_pushed" } });
    expect(await world.remote("show", `${branch}:guarded/greet.txt`)).toMatch(/^ONE/);
  });

  it("proves before each write that it is still its own to do", async () => {
    const theirs = await pushes({ "greet.txt": "uno\n" });
    const lost = async () => {
      throw new Error("lost");
    };
    await expect(world.push(made, world.orderFor(), {}, lost)).rejects.toThrow("lost");
    expect(await world.headOf(branch)).toBe(theirs);
    expect(await world.headOf(rescue)).toBeUndefined();
  });

  it("asks for a new token when the remote does not take the one it has", async () => {
    world.bench.server.fault = { on: "info/refs", does: 401 };
    await expect(push()).rejects.toThrow(InDoubt);
    world.bench.server.fault = undefined;
    expect(world.forgotten).toEqual([world.bench.server.token]);
  });
});

describe("publishing a first commit", () => {
  it("never merges: a branch that is there and not ours is left alone", async () => {
    const theirs = await pushes(seventh);
    const order = { ...world.orderFor(), purpose: "implement" } as never;
    await expect(push({}, order)).rejects.toThrow(/already exists and is not what we left there/);
    expect(await world.headOf(branch)).toBe(theirs);
    expect(await world.headOf(rescue)).toBeUndefined();
  });
});
