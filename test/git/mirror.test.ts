import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createGit } from "../../src/git/index.ts";
import { git, link, submodule } from "./support/plain-git.ts";
import { startFiles, type Workbench, workbench } from "./support/workbench.ts";

describe("the mirror of a repository", () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench();
  });
  afterEach(() => {
    bench.server.fault = undefined;
  });
  afterAll(() => bench.close());
  const fetch = (branch: string, agentBranch?: string) =>
    bench.baton.fetchBase({
      ...bench.at,
      repositoryId: bench.repositoryId,
      branch,
      ...(agentBranch && { agentBranch }),
    });

  it("resolves a branch and says where its objects are", async () => {
    const found = await fetch("main");
    expect(found).toMatchObject({ kind: "ok", sha: bench.baseSha });
    if (found.kind !== "ok") return;
    expect(found.objectDirs).toEqual([join(found.gitDir, "objects")]);
    expect(found).not.toHaveProperty("agentSha");
  });

  it("follows the branch, also when somebody rewrote it", async () => {
    await bench.pushes("moving", { a: "1" });
    await fetch("moving");
    const rewritten = await bench.pushes("moving", { a: "2" });
    expect(await fetch("moving")).toMatchObject({ kind: "ok", sha: rewritten });
  });

  it("brings our own branch along when the remote has it", async () => {
    const agentSha = await bench.pushes("agent/issue-7", { a: "7" }, [bench.baseSha]);
    expect(await fetch("main", "agent/issue-7")).toMatchObject({ sha: bench.baseSha, agentSha });
    expect(await fetch("main", "agent/issue-8")).not.toHaveProperty("agentSha");
  });

  it("says when there is no such branch", async () => {
    expect(await fetch("nowhere")).toEqual({ kind: "no_such_branch" });
  });

  it("survives a branch that became a folder of branches", async () => {
    await bench.pushes("folder", { a: "1" });
    await fetch("folder");
    await git(bench.remote, ["update-ref", "-d", "refs/heads/folder"]);
    const inner = await bench.pushes("folder/inner", { a: "2" });
    expect(await fetch("folder/inner")).toMatchObject({ kind: "ok", sha: inner });
  });

  it("takes branches again after a crash in the middle of it", async () => {
    const before = await fetch("main");
    if (before.kind !== "ok") throw new Error("no mirror");
    const newer = await bench.pushes("main", { a: "after the crash" }, [bench.baseSha]);
    const left = ["refs/heads/main.lock", "packed-refs.lock", "objects/pack/tmp_pack_x", "../8.git.0a1b2c/HEAD"];
    for (const path of left) {
      await mkdir(dirname(join(before.gitDir, path)), { recursive: true });
      await writeFile(join(before.gitDir, path), "");
    }
    expect(await fetch("main")).not.toMatchObject({ kind: "ok" });
    await bench.baton.clearLeft();
    expect(await fetch("main")).toMatchObject({ kind: "ok", sha: newer });
    for (const path of left) expect(existsSync(join(before.gitDir, path)), path).toBe(false);
    await bench.pushes("main", startFiles);
  });

  it("serves ten callers of one repository at once, one after the other", async () => {
    bench.server.peak = 0;
    const all = await Promise.all(Array.from({ length: 10 }, () => fetch("main")));
    expect(all.every((one) => one.kind === "ok" && one.sha === bench.baseSha)).toBe(true);
    expect(bench.server.peak).toBe(1);
  });

  it("tells a bad token, a hidden repository and a remote in trouble apart", async () => {
    const order = { ...bench.at, repositoryId: bench.repositoryId, branch: "main" };
    expect(await bench.baton.fetchBase({ ...order, token: "wrong" })).toMatchObject({ why: "unauthorised" });
    expect(await bench.baton.fetchBase({ ...order, url: bench.server.url("sample/none.git") })).toMatchObject({
      why: "not_found",
    });
    bench.server.fault = { on: "info/refs", does: 502 };
    expect(await fetch("main")).toMatchObject({ kind: "unavailable" });
    bench.server.fault = { on: "info/refs", does: 403 };
    expect(await fetch("main")).toMatchObject({ kind: "refused", why: "forbidden" });
    bench.server.fault = undefined;
  });

  it("ends a fetch from a remote that hangs, and leaves no process behind", async () => {
    bench.server.fault = { on: "info/refs", does: "hang" };
    const hasty = createGit({ dataDir: bench.dataDir, timeoutMs: 300 });
    const order = { ...bench.at, repositoryId: bench.repositoryId, branch: "main" };
    expect(await hasty.fetchBase(order)).toEqual({
      kind: "unavailable",
      cause: "git took too long and was ended.",
    });
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(processes).not.toContain(bench.url);
  });

  it("follows no redirect, so the token goes nowhere else", async () => {
    const before = bench.server.requests.length;
    bench.server.fault = {
      on: "alias-filter.clean.git/info/refs",
      does: 301,
      location: bench.server.url("trap/info/refs"),
    };
    expect(await fetch("main")).toMatchObject({ kind: "unavailable" });
    bench.server.fault = undefined;
    expect(bench.server.requests.slice(before).filter(({ path }) => path.includes("trap"))).toEqual([]);
  });

  it("asks a remote for the head of a branch without a mirror", async () => {
    expect(await bench.baton.remoteHead({ ...bench.at, branch: "main" })).toBe(bench.baseSha);
    expect(await bench.baton.remoteHead({ ...bench.at, branch: "nowhere" })).toBeUndefined();
    await bench.pushes("x/refs/heads/deep", { a: "1" });
    expect(await bench.baton.remoteHead({ ...bench.at, branch: "deep" })).toBeUndefined();
    await expect(bench.baton.remoteHead({ ...bench.at, token: "wrong", branch: "main" })).rejects.toThrow(/token/);
  });

  it("lets another user read objects, whatever the umask, and list nothing above", async () => {
    const old = process.umask(0o077);
    const strict = createGit({ dataDir: join(bench.dir, "strict") });
    const found = await strict.fetchBase({ ...bench.at, repositoryId: 1, branch: "main" });
    process.umask(old);
    if (found.kind !== "ok") throw new Error(found.kind);
    const listing = execFileSync("find", [found.gitDir, "-type", "f", "-not", "-perm", "-o=r"], { encoding: "utf8" });
    const closed = execFileSync("find", [found.gitDir, "-type", "d", "-not", "-perm", "-o=rx"], { encoding: "utf8" });
    expect(listing + closed).toBe("");
    const above = await stat(join(bench.dir, "strict", "git", "mirrors"));
    expect((above.mode & 0o777).toString(8)).toBe(process.getuid?.() === 0 ? "711" : "700");
  });

  it("refuses names that no honest caller makes", async () => {
    const order = { ...bench.at, repositoryId: bench.repositoryId, branch: "main" };
    for (const bad of [
      { branch: "--upload-pack=touch" },
      { branch: "a..b" },
      { repositoryId: -1 },
      { repositoryId: 1.5 },
      { url: "file:///etc" },
      { url: "ext::sh -c id" },
      { url: `http://user:pass@127.0.0.1/x` },
    ]) {
      await expect(bench.baton.fetchBase({ ...order, ...bad })).rejects.toThrow(/Not a usable/);
    }
  });
});

describe("reading the base commit", () => {
  const read = async (files: Parameters<typeof workbench>[0], path: string) => {
    const bench = await workbench(files);
    try {
      const order = { ...bench.at, repositoryId: bench.repositoryId, branch: "main" };
      const base = await bench.baton.fetchBase(order);
      if (base.kind !== "ok") throw new Error(base.kind);
      const at = { repositoryId: bench.repositoryId, sha: base.sha };
      return { text: await bench.baton.readFileAt({ ...at, path }), why: await bench.baton.unsupported(at) };
    } finally {
      await bench.close();
    }
  };

  it("reads a file and supports an ordinary repository", async () => {
    const attributes = { ".gitattributes": "# filter=lfs was here\n*.png binary\n" };
    expect(await read({ ...startFiles, ...attributes }, "src/greet.ts")).toEqual({
      text: startFiles["src/greet.ts"],
      why: undefined,
    });
  });

  it("cuts a file at 64 KiB", async () => {
    expect((await read({ "AGENTS.md": "a".repeat(100_000) }, "AGENTS.md")).text).toHaveLength(65_536);
  });

  it("takes links, directories and missing files for missing, and globs for names", async () => {
    expect((await read({ "AGENTS.md": link("/etc/passwd") }, "AGENTS.md")).text).toBeUndefined();
    expect((await read(startFiles, "src")).text).toBeUndefined();
    expect((await read(startFiles, "src/none.ts")).text).toBeUndefined();
    expect((await read(startFiles, "*.md")).text).toBeUndefined();
  });

  it("does not work on submodules or LFS", async () => {
    expect((await read({ ...startFiles, vendor: submodule }, "x")).why).toMatch(/submodules/);
    const lfs = { "assets/.gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n" };
    expect((await read({ ...startFiles, ...lfs }, "x")).why).toMatch(/LFS/);
  });
});
