import { randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createGit } from "../../src/git/index.ts";
import { git } from "./support/plain-git.ts";
import { startFiles, type Workbench, workbench } from "./support/workbench.ts";

let bench: Workbench;
let count = 0;
beforeAll(async () => {
  bench = await workbench();
  await bench.baton.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main" });
});
afterEach(() => {
  bench.server.fault = undefined;
});
afterAll(() => bench.close());

const author = { name: "baton[bot]", email: "7@example.com" };
const headOf = (branch: string) => git(bench.remote, ["rev-parse", `refs/heads/${branch}`]);

/** A commit of ours on top of `parent`, ready to push to a branch of its own. */
async function ready(parent = bench.baseSha) {
  const runId = `run-${++count}`;
  const run = { repositoryId: bench.repositoryId, runId };
  const { tip, bundle } = await bench.work({ [`file-${count}`]: `${count}\n` });
  await bench.baton.importBundle({ ...run, baseSha: bench.baseSha, tip, bundle });
  const { headSha } = await bench.baton.commit({
    ...run,
    tip,
    parents: [parent],
    message: "x",
    author,
    at: count * 1000,
  });
  const branch = `agent/issue-${count}`;
  return { ...run, ...bench.at, branch, headSha, expected: undefined as string | undefined };
}

/** Lets the server's repository refuse pushes with these words, as GitHub's rules do. */
async function serverRefuses(words: string | undefined) {
  const hook = join(bench.remote, "hooks", "pre-receive");
  await mkdir(join(bench.remote, "hooks"), { recursive: true });
  await writeFile(hook, words === undefined ? "#!/bin/sh\n" : `#!/bin/sh\ncat >&2 <<'END'\n${words}\nEND\nexit 1\n`);
  await chmod(hook, 0o755);
}

describe("pushing to our own branch", () => {
  it("makes the branch, and the same push again finds it done", async () => {
    const order = await ready();
    expect(await bench.baton.push(order)).toEqual({ kind: "pushed" });
    expect(await headOf(order.branch)).toBe(order.headSha);
    expect(await bench.baton.push(order)).toEqual({ kind: "already" });
  });

  it("moves the branch forward from exactly the recorded head", async () => {
    const first = await ready();
    await bench.baton.push(first);
    await bench.baton.fetchBase({
      ...bench.at,
      repositoryId: bench.repositoryId,
      branch: "main",
      agentBranch: first.branch,
    });
    const second = { ...(await ready(first.headSha)), branch: first.branch, expected: first.headSha };
    expect(await bench.baton.push(second)).toEqual({ kind: "pushed" });
    expect(await headOf(first.branch)).toBe(second.headSha);
  });

  it("changes nothing when somebody else moved, made or removed the branch", async () => {
    const order = await ready();
    const theirs = await bench.pushes(order.branch, { ...startFiles, theirs: "1" }, [bench.baseSha]);
    expect(await bench.baton.push(order)).toEqual({ kind: "moved", actual: theirs });
    expect(await bench.baton.push({ ...order, expected: bench.baseSha })).toEqual({ kind: "moved", actual: theirs });
    expect(await headOf(order.branch)).toBe(theirs);
    await git(bench.remote, ["update-ref", "-d", `refs/heads/${order.branch}`]);
    expect(await bench.baton.push({ ...order, expected: bench.baseSha })).toEqual({ kind: "moved", actual: undefined });
  });

  it("never rewrites a branch, even from the state it expects", async () => {
    const order = await ready();
    await bench.baton.push(order);
    const sibling = { ...(await ready()), branch: order.branch, expected: order.headSha };
    await bench.baton.fetchBase({
      ...bench.at,
      repositoryId: bench.repositoryId,
      branch: "main",
      agentBranch: order.branch,
    });
    expect(await bench.baton.push(sibling)).toMatchObject({ kind: "refused", why: "not_fast_forward" });
    expect(await headOf(order.branch)).toBe(order.headSha);
  });

  it("sends only what is new, also when the base branch moved on meanwhile", async () => {
    const big = await workbench({ ...startFiles, big: randomBytes(500_000) });
    try {
      const run = { repositoryId: 1, runId: "small" };
      await big.baton.fetchBase({ ...big.at, repositoryId: 1, branch: "main" });
      const { tip, bundle } = await big.work({ a: "1" });
      await big.baton.importBundle({ ...run, baseSha: big.baseSha, tip, bundle });
      const { headSha } = await big.baton.commit({ ...run, tip, parents: [big.baseSha], message: "x", author, at: 0 });
      await big.pushes("main", { ...startFiles, later: "1" }, [big.baseSha]);
      const order = { ...run, ...big.at, branch: "agent/issue-1", headSha, expected: undefined };
      expect(await big.baton.push(order)).toEqual({ kind: "pushed" });
      const sent = big.server.requests.filter(({ path }) => path.endsWith("/git-receive-pack"));
      expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(10_000);
    } finally {
      await big.close();
    }
  });

  it("in doubt says so, and the next attempt finds out", async () => {
    const order = await ready();
    bench.server.fault = { on: "/git-receive-pack", does: "cut_after" };
    expect(await bench.baton.push(order)).toMatchObject({ kind: "doubt" });
    bench.server.fault = undefined;
    expect(await headOf(order.branch)).toBe(order.headSha);
    expect(await bench.baton.push(order)).toEqual({ kind: "already" });
  });

  it("in doubt when the server fails before it did anything", async () => {
    const order = await ready();
    bench.server.fault = { on: "/git-receive-pack", does: 502 };
    expect(await bench.baton.push(order)).toMatchObject({ kind: "doubt" });
    bench.server.fault = undefined;
    expect(await bench.baton.push(order)).toEqual({ kind: "pushed" });
  });

  it("in doubt when the server hangs, within the time limit", async () => {
    const order = await ready();
    bench.server.fault = { on: "/git-receive-pack", does: "hang" };
    const hasty = createGit({ dataDir: bench.dataDir, timeoutMs: 500 });
    expect(await hasty.push(order)).toEqual({ kind: "doubt", cause: "git took too long and was ended." });
  });

  it("says which rule stopped it", async () => {
    const order = await ready();
    const cases = [
      ["error: GH006: Protected branch update failed for refs/heads/agent/issue-7.", "protected_branch"],
      ["error: GH013: Repository rule violations found\n- Push cannot contain secrets", "push_protection"],
      ["refusing to allow a GitHub App to create or update workflow `x` without `workflows` permission", "forbidden"],
      ["no", "other"],
    ] as const;
    for (const [words, why] of cases) {
      await serverRefuses(words);
      expect(await bench.baton.push(order), words).toMatchObject({
        kind: "refused",
        why,
        reason: expect.stringContaining(words.slice(0, 20)),
      });
    }
    await serverRefuses(undefined);
  });

  it("says when a branch has the name of our branch's folder", async () => {
    const order = { ...(await ready()), branch: "taken/issue-1" };
    await bench.pushes("taken", { a: "1" });
    expect(await bench.baton.push(order)).toMatchObject({ kind: "refused", why: "branch_name_taken" });
  });

  it("tells a bad token, missing rights and a hidden repository apart", async () => {
    const order = await ready();
    expect(await bench.baton.push({ ...order, token: "wrong" })).toMatchObject({ why: "unauthorised" });
    expect(await bench.baton.push({ ...order, url: bench.server.url("no/ne.git") })).toMatchObject({
      why: "not_found",
    });
    bench.server.fault = { on: "service=git-receive-pack", does: 403 };
    expect(await bench.baton.push(order)).toMatchObject({ kind: "refused", why: "forbidden" });
  });

  it("pushes to no name but a plain branch name", async () => {
    const order = await ready();
    for (const branch of ["refs/heads/main:x", "+main", "--mirror", "HEAD", "a b", "", "x:refs/heads/main"]) {
      await expect(bench.baton.push({ ...order, branch })).rejects.toThrow(/branch name/);
    }
    expect(await headOf("main")).toBe(bench.baseSha);
  });
});
