import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGit } from "../../src/git/index.ts";
import { git, writeCommit, writeFiles, writeObject, writeTree } from "./support/plain-git.ts";
import { type Work, type Workbench, workbench } from "./support/workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await workbench();
  await bench.baton.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main" });
});
afterAll(() => bench.close());

const run = (runId: string) => ({ repositoryId: bench.repositoryId, runId });
const bring = (work: Work, runId = "run-1") =>
  bench.baton.importBundle({ ...run(runId), baseSha: bench.baseSha, ...work });
const quarantines = () => readdirSync(join(bench.dataDir, "git", "quarantine"));

describe("taking an agent's work in", () => {
  it("imports a bundle into a quarantine of its own, which borrows the mirror's objects", async () => {
    const work = await bench.work({ "src/greet.ts": "changed\n" });
    const imported = await bring(work);
    if (imported.kind !== "ok") throw new Error(imported.reason);
    expect(imported.tree).toBe(await git(bench.agent, ["rev-parse", `${work.tip}^{tree}`]));
    expect(imported.objectDirs).toHaveLength(2);
    expect(imported.objectDirs.every((dir) => existsSync(dir))).toBe(true);
    expect(await git(imported.gitDir, ["cat-file", "blob", `${work.tip}:src/greet.ts`])).toBe("changed");
    expect(await git(imported.gitDir, ["cat-file", "blob", `${work.tip}:README.md`])).toBe("# Sample");
  });

  it("starts again from nothing when a run is imported twice", async () => {
    const first = await bench.work({ a: "first" });
    const second = await bench.work({ a: "second" });
    await bring(first, "twice");
    const imported = await bring(second, "twice");
    if (imported.kind !== "ok") throw new Error(imported.reason);
    await expect(git(imported.gitDir, ["cat-file", "-e", first.tip])).rejects.toThrow();
  });

  it("removes the quarantine on request, and asking again is fine", async () => {
    await bring(await bench.work({ a: "1" }), "gone");
    await bench.baton.forget(run("gone"));
    await bench.baton.forget(run("gone"));
    expect(quarantines().filter((name) => name.includes("gone"))).toEqual([]);
  });

  it("can be read by another user", async () => {
    const imported = await bring(await bench.work({ a: "readable" }), "readable");
    if (imported.kind !== "ok") throw new Error(imported.reason);
    expect(execFileSync("find", [imported.gitDir, "-not", "-perm", "-o=r"], { encoding: "utf8" })).toBe("");
  });

  const base = () => git(bench.agent, ["rev-parse", "main^{tree}"]);
  const raw = (name: string) =>
    writeTree(bench.agent, [{ mode: "100644", name, sha: writeObject(bench.agent, "blob", "x") }]);
  const commitOf = (tree: string) => bench.bundle(writeCommit(bench.agent, tree, [bench.baseSha]));
  const headOf = async (work: Work, change: (head: string) => string) => {
    const bytes = await readFile(work.bundle);
    const end = bytes.indexOf("PACK");
    await writeFile(
      work.bundle,
      Buffer.concat([Buffer.from(change(bytes.subarray(0, end).toString())), bytes.subarray(end)]),
    );
    return work;
  };

  const refusals: Readonly<Record<string, readonly [make: () => Promise<Work>, reason: RegExp]>> = {
    "a file that is not there": [async () => ({ tip: "1".repeat(40), bundle: "/nonexistent" }), /missing/],
    "a directory": [async () => ({ tip: "1".repeat(40), bundle: bench.dir }), /missing/],
    "a FIFO, without waiting for it": [
      async () => {
        execFileSync("mkfifo", [join(bench.dir, "fifo")]);
        return { tip: "1".repeat(40), bundle: join(bench.dir, "fifo") };
      },
      /missing/,
    ],
    "a link to a good bundle": [
      async () => {
        const work = await bench.work({ a: "linked" });
        symlinkSync(work.bundle, join(bench.dir, "link"));
        return { ...work, bundle: join(bench.dir, "link") };
      },
      /missing/,
    ],
    "a file above 64 MiB, without reading it": [
      async () => {
        const path = join(bench.dir, "big");
        writeFileSync(path, "");
        truncateSync(path, 65 * 1024 * 1024);
        return { tip: "1".repeat(40), bundle: path };
      },
      /64 MiB/,
    ],
    "something that is no bundle": [
      async () => {
        writeFileSync(join(bench.dir, "text"), "hello\n\nworld");
        return { tip: "1".repeat(40), bundle: join(bench.dir, "text") };
      },
      /readable bundle/,
    ],
    "a bundle of two branches": [
      async () =>
        headOf(await bench.work({ a: "two" }), (head) => head.replace(/\n\n$/, `\n${bench.baseSha} refs/heads/x\n\n`)),
      /exactly one/,
    ],
    "a bundle that asks for capabilities": [
      async () =>
        headOf(await bench.work({ a: "v3" }), (head) =>
          head.replace("v2 git bundle\n", "v3 git bundle\n@filter=blob:none\n"),
        ),
      /readable bundle/,
    ],
    "another commit than the announced one": [
      async () => ({ ...(await bench.work({ a: "other" })), tip: bench.baseSha }),
      /announced/,
    ],
    "a cut pack": [
      async () => {
        const work = await bench.work({ a: "cut" });
        truncateSync(work.bundle, (await readFile(work.bundle)).length - 25);
        return work;
      },
      /broken/,
    ],
    "work on commits that we do not have": [
      async () =>
        headOf(await bench.work({ a: "prerequisite" }), (head) =>
          head.replace(/^-[0-9a-f]{40}/m, `-${"2".repeat(40)}`),
        ),
      /does not have/,
    ],
    "work that does not build on the base": [
      async () => bench.bundle(writeCommit(bench.agent, await base(), [], "another beginning")),
      /does not build on/,
    ],
    "a tip that is a tag": [
      async () => {
        const commit = (await bench.work({ a: "tagged" })).tip;
        return bench.bundle(
          writeObject(bench.agent, "tag", `object ${commit}\ntype commit\ntag x\ntagger a <a@b> 1 +0000\n\nx\n`),
        );
      },
      /not a commit/,
    ],
    "a file named .git": [async () => commitOf(raw(".git")), /hasDotgit/],
    "a file named .GIT with an invisible character": [async () => commitOf(raw(".GI\u200cT")), /hasDotgit/],
    "a file named git~1": [async () => commitOf(raw("git~1")), /hasDotgit/],
    "a name with a slash in it": [async () => commitOf(raw("a/b")), /fullPathname/],
    "two entries of one name": [
      async () => {
        const sha = writeObject(bench.agent, "blob", "x");
        const entry = { mode: "100644", name: "a", sha };
        return commitOf(writeTree(bench.agent, [entry, entry]));
      },
      /duplicateEntries/,
    ],
    "a .gitmodules that runs a command": [
      async () =>
        commitOf(writeFiles(bench.agent, { ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = -u./evil\n' })),
      /broken or dangerous|submodule/,
    ],
    "one file of 260 MiB in a quarter of a megabyte": [
      async () => commitOf(writeFiles(bench.agent, { zeros: Buffer.alloc(260 * 1024 * 1024) })),
      /too big/,
    ],
  };

  it.each(Object.entries(refusals))("refuses %s and keeps nothing of it", async (_, [make, reason]) => {
    const before = quarantines();
    const result = await bring(await make(), "bad");
    expect(result).toMatchObject({ kind: "refused", reason: expect.stringMatching(reason) });
    expect(quarantines()).toEqual(before);
  });

  it("refuses run ids that are no plain names", async () => {
    const work = await bench.work({ a: "1" });
    for (const runId of ["../x", "A", "", "-x", "a/b", "a".repeat(65)])
      await expect(bring(work, runId)).rejects.toThrow(/run id/);
  });
});

describe("the app's own commit", () => {
  const author = { name: "baton[bot]", email: "7+baton[bot]@users.noreply.github.com" };
  const write = async (runId: string, work: Work, at = 1_700_000_000_999) => {
    await bring(work, runId);
    const { tip } = work;
    return bench.baton.commit({
      ...run(runId),
      tip,
      parents: [bench.baseSha],
      message: "Greet\n\nBaton-Run: 1",
      author,
      at,
    });
  };

  it("has the tip's tree and the recorded parent, and nothing else of the agent's history", async () => {
    const first = writeCommit(bench.agent, writeFiles(bench.agent, { stray: "x" }), [bench.baseSha], "stray commit");
    const tree = writeFiles(bench.agent, { "README.md": "done\n" });
    const work = await bench.bundle(writeCommit(bench.agent, tree, [first], "agent's words"));
    const { headSha } = await write("history", work);
    const gitDir = join(bench.dataDir, "git", "quarantine", `${bench.repositoryId}-history.git`);
    expect(await git(gitDir, ["cat-file", "commit", headSha])).toBe(
      [
        `tree ${tree}`,
        `parent ${bench.baseSha}`,
        `author ${author.name} <${author.email}> 1700000000 +0000`,
        `committer ${author.name} <${author.email}> 1700000000 +0000`,
        "",
        "Greet",
        "",
        "Baton-Run: 1",
      ].join("\n"),
    );
  });

  it("is the same for the same input, in any run on any machine, and another for another time", async () => {
    const work = await bench.work({ a: "same" });
    const one = await write("same-1", work);
    expect(await write("same-2", work)).toEqual(one);
    expect(await write("same-3", work, 1_700_000_001_000)).not.toEqual(one);
  });

  it("travels to another machine in a small bundle and can be published there", async () => {
    const { headSha } = await write("travel", await bench.work({ a: "travels" }));
    const bundle = await bench.baton.keep({ ...run("travel"), headSha });
    expect(bundle.length).toBeLessThan(2000);

    const there = createGit({ dataDir: join(bench.dir, "elsewhere") });
    const order = { ...run("travel"), bundle, headSha };
    expect(await there.adopt(order)).toEqual({ kind: "missing_base" });
    await there.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main" });
    expect(await there.adopt(order)).toEqual({ kind: "ok" });
    expect(await there.adopt(order)).toEqual({ kind: "ok" });
    const pushed = await there.push({
      ...run("travel"),
      ...bench.at,
      branch: "agent/issue-1",
      headSha,
      expected: undefined,
    });
    expect(pushed).toEqual({ kind: "pushed" });
    expect(await git(bench.remote, ["cat-file", "blob", "agent/issue-1:a"])).toBe("travels");
  });

  it("is not adopted from a bundle of something else", async () => {
    const { headSha } = await write("swap", await bench.work({ a: "swap" }));
    const bundle = await bench.baton.keep({ ...run("swap"), headSha });
    const answer = await bench.baton.adopt({ ...run("swap-2"), bundle, headSha: bench.baseSha });
    expect(answer).toMatchObject({ kind: "refused" });
  });

  it("is not made from what was never imported", async () => {
    const order = { ...run("empty"), parents: [bench.baseSha], message: "x", author, at: 0 };
    await expect(bench.baton.commit({ ...order, tip: "3".repeat(40) })).rejects.toThrow(/not in this run's quarantine/);
  });
});
