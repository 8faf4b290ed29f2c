import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { loadTurnFile, openModelServer, ScriptError } from "../support/model-server/index.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/model-turns");

async function fileWith(text: string, name = "turns.yml"): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "baton-turns-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, name), text);
  return join(directory, name);
}

async function problems(from: Parameters<typeof loadTurnFile>[0]): Promise<readonly string[]> {
  const error = await loadTurnFile(from).catch((cause: unknown) => cause);
  if (!(error instanceof ScriptError)) throw new Error("the turn file was taken");
  return error.problems;
}

const done = { done: "x" };

describe("a turn file", () => {
  it("is YAML", async () => {
    const path = await fileWith(`scripts: [{ when: a, turns: [{ run: ls, say: Hi }, { done: Bye }] }]`);
    expect(await loadTurnFile(path)).toEqual({
      aside: "A title",
      scripts: [{ when: ["a"], capture: {}, turns: [{ run: ["ls"], say: "Hi" }, { done: "Bye" }] }],
    });
  });

  it("or JSON", async () => {
    const path = await fileWith(JSON.stringify({ scripts: [{ turns: [done] }] }), "turns.json");
    expect((await loadTurnFile(path)).scripts).toHaveLength(1);
  });

  it("of ours is one", async () => {
    for (const path of ["small-change.yml", "../sample/model.yml"])
      expect((await loadTurnFile(join(fixtures, path))).scripts).not.toEqual([]);
  });
});

describe("a turn file that is none says where and why", () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      "a key nobody knows",
      { scripts: [{ turns: [{ done: "x", wait: 3 }] }] },
      ['scripts[0].turns[0]: Unrecognized key: "wait"'],
    ],
    ["no script", { scripts: [] }, ["scripts: Too small: expected array to have >=1 items"]],
    [
      "a turn without anything",
      { scripts: [{ turns: [{ say: "a" }, done] }] },
      [
        "scripts[0].turns[0]: a turn has run or done: an agent takes a turn without a command for the last one",
        "scripts[0].turns[0]: say goes with run; the last words of an agent are done",
      ],
    ],
    [
      "a turn that runs and is done",
      { scripts: [{ turns: [{ run: "ls", done: "x" }] }] },
      ["scripts[0].turns[0]: a turn has run or done, not both"],
    ],
    ["no end", { scripts: [{ turns: [{ run: "ls" }] }] }, ["scripts[0].turns[0]: the last turn must be done"]],
    ["an end in the middle", { scripts: [{ turns: [done, done] }] }, ["scripts[0].turns[0]: nothing comes after done"]],
    [
      "a script that hides another",
      { scripts: [{ turns: [done] }, { when: "b", turns: [done] }] },
      ["scripts[0]: a script without when takes every prompt: put it last"],
    ],
    [
      "a pattern that is none",
      { scripts: [{ capture: { a: "(" }, turns: [done] }] },
      ["scripts[0].capture.a: is no regular expression"],
    ],
    [
      "a value nobody captured",
      { scripts: [{ turns: [{ run: ["ls", "cat {{file}}"] }, done] }] },
      ["scripts[0].turns: {{file}} is used and not captured"],
    ],
    [
      "a fault nobody knows",
      { scripts: [{ turns: [{ ...done, fault: { kind: "flood" } }] }] },
      [expect.stringMatching(/^scripts\[0\]\.turns\[0\]\.fault\.kind: Invalid/)],
    ],
    [
      "a status that is none",
      { scripts: [{ turns: [{ ...done, fault: { kind: "status", status: 200 } }] }] },
      [expect.stringMatching(/^scripts\[0\]\.turns\[0\]\.fault\.status: /)],
    ],
    ["not even an object", 7, [expect.stringMatching(/^top level: /)]],
  ])("%s", async (_, value, expected) => {
    expect(await problems(await fileWith(JSON.stringify(value)))).toEqual(expected);
  });

  it("broken YAML", async () => {
    expect(await problems(await fileWith("scripts: [\n"))).toEqual([expect.stringContaining("line 2")]);
  });

  it("no file", async () => {
    const error = await openModelServer({ script: join(fixtures, "nobody.yml") }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: "BAD_SCRIPT",
      message: expect.stringContaining("nobody.yml is no turn file:\n  - ENOENT"),
    });
  });
});
