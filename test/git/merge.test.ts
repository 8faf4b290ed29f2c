import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGit } from "../../src/git/index.ts";
import { type Files, git, writeCommit, writeFiles } from "./support/plain-git.ts";
import { type Workbench, workbench } from "./support/workbench.ts";

const files: Files = {
  "README.md": "# Sample\n",
  "src/greet.ts": "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
  "src/other.ts": "export const other = 1;\n",
};

let bench: Workbench;
let count = 0;
beforeAll(async () => {
  bench = await workbench(files);
});
afterAll(() => bench.close());

/** Our branch on the remote, our commit on top of it in quarantine, and then a commit of a person, fetched. */
async function meeting(ours: Files, theirs: Files, theirParents?: readonly string[]) {
  const run = { repositoryId: bench.repositoryId, runId: `run-${++count}` };
  const branch = `agent/issue-${count}`;
  const startFiles = { ...files, start: `${count}\n` };
  const startedFrom = await bench.pushes(branch, startFiles, [bench.baseSha]);
  const fetch = () => bench.baton.fetchBase({ ...bench.at, ...run, branch: "main", agentBranch: branch });
  await fetch();
  const start = writeCommit(bench.agent, writeFiles(bench.agent, startFiles), [bench.baseSha]);
  const work = writeCommit(bench.agent, writeFiles(bench.agent, { ...startFiles, ...ours }), [start]);
  const { tip, bundle } = await bench.bundle(work);
  expect(await bench.baton.importBundle({ ...run, baseSha: startedFrom, tip, bundle })).toMatchObject({ kind: "ok" });
  const author = { name: "baton[bot]", email: "7@example.com" };
  const { headSha } = await bench.baton.commit({
    ...run,
    tip,
    parents: [startedFrom],
    message: "ours",
    author,
    at: 9e11,
  });
  const now = await bench.pushes(branch, { ...startFiles, ...theirs }, theirParents ?? [startedFrom]);
  await fetch();
  const order = {
    ...run,
    ours: headSha,
    theirs: now,
    startedFrom: startedFrom as string | undefined,
    message: "Merge\n",
  };
  return { order, run, branch, headSha, startedFrom, theirs: now, fetch };
}

/** What the quarantine has of a commit, by way of the branch it is pushed to. */
async function pushed(met: Awaited<ReturnType<typeof meeting>>, headSha: string) {
  const { run, branch, theirs } = met;
  expect(await bench.baton.push({ ...run, ...bench.at, branch, headSha, expected: theirs })).toEqual({
    kind: "pushed",
  });
  const show = (path: string) => git(bench.remote, ["show", `${headSha}:${path}`]);
  const facts = await git(bench.remote, ["show", "-s", "--format=%P|%an <%ae>|%at %ct|%B", headSha]);
  return { show, facts };
}

describe("our commit and what people pushed meanwhile", () => {
  it("become one commit on top of theirs, by us, that loses nothing of either", async () => {
    const met = await meeting(
      { "src/greet.ts": "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n" },
      { "src/greet.ts": "one\ntwo\nthree\nfour\nfive\nsix\nSEVEN\n", "src/new.ts": "theirs\n" },
    );
    const merged = await bench.baton.mergeOnto(met.order);
    if (merged.kind !== "merged") throw new Error(`not merged: ${JSON.stringify(merged)}`);
    const { show, facts } = await pushed(met, merged.headSha);
    expect(await show("src/greet.ts")).toBe("ONE\ntwo\nthree\nfour\nfive\nsix\nSEVEN");
    expect(await show("src/new.ts")).toBe("theirs");
    expect(facts).toBe(`${met.theirs} ${met.headSha}|baton[bot] <7@example.com>|900000000 900000000|Merge`);
  });

  it("make the same commit again on another machine, and after a crash", async () => {
    const met = await meeting({ ours: "1" }, { theirs: "1" });
    const bundle = await bench.baton.keep({ ...met.run, headSha: met.headSha });
    const here = await bench.baton.mergeOnto(met.order);
    const elsewhere = createGit({ dataDir: `${bench.dataDir}-2` });
    await elsewhere.fetchBase({ ...bench.at, ...met.run, branch: "main", agentBranch: met.branch });
    await elsewhere.adopt({ ...met.run, headSha: met.headSha, bundle });
    expect(here).toEqual({ kind: "merged", headSha: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(await elsewhere.mergeOnto(met.order)).toEqual(here);
  });

  it("conflict where both changed the same lines; each path is named once and fit for a sentence", async () => {
    const met = await meeting(
      { "src/greet.ts": "ours\n", "a`b\u202e.ts": "ours\n", fine: "1" },
      { "src/greet.ts": "theirs\n", "a`b\u202e.ts": "theirs\n" },
    );
    expect(await bench.baton.mergeOnto(met.order)).toEqual({
      kind: "conflict",
      paths: ["`a’b\\u{202e}.ts`", "`src/greet.ts`"],
    });
  });

  it("conflict where one removed what the other changed", async () => {
    const { "src/other.ts": _gone, ...rest } = files;
    const met = await meeting({ "src/other.ts": "export const other = 2;\n" }, {});
    const now = await bench.pushes(met.branch, { ...rest, start: `${count}\n` }, [met.startedFrom]);
    await met.fetch();
    expect(await bench.baton.mergeOnto({ ...met.order, theirs: now })).toEqual({
      kind: "conflict",
      paths: ["`src/other.ts`"],
    });
  });

  it("merge no attributes of the repository into it: a file stays text, whatever it is declared", async () => {
    const declared = { ".gitattributes": "*.ts merge=ours\n* merge=union\n" };
    const met = await meeting({ ...declared, "src/greet.ts": "ours\n" }, { ...declared, "src/greet.ts": "theirs\n" });
    expect(await bench.baton.mergeOnto(met.order)).toMatchObject({ kind: "conflict" });
  });

  it("are left alone when the branch has ours already", async () => {
    const met = await meeting({ ours: "1" }, {});
    await git(bench.remote, ["update-ref", "-d", `refs/heads/${met.branch}`]);
    const push = { ...met.run, ...bench.at, branch: met.branch, headSha: met.headSha, expected: undefined };
    await bench.baton.push(push);
    const onTop = await bench.pushes(met.branch, { more: "1" }, [met.headSha]);
    await met.fetch();
    expect(await bench.baton.mergeOnto({ ...met.order, theirs: onTop })).toEqual({ kind: "contained" });
    expect(await bench.baton.mergeOnto({ ...met.order, theirs: met.headSha })).toEqual({ kind: "contained" });
  });

  it("are never joined when somebody rewrote the branch, or when there was none", async () => {
    const met = await meeting({ ours: "1" }, { theirs: "1" }, [bench.baseSha]);
    expect(await bench.baton.mergeOnto(met.order)).toEqual({ kind: "rewritten" });
    const plain = await meeting({ ours: "1" }, { theirs: "1" });
    expect(await bench.baton.mergeOnto({ ...plain.order, startedFrom: undefined })).toEqual({ kind: "rewritten" });
  });

  it("need object names, not anything else that git would take", async () => {
    const { order } = await meeting({ ours: "1" }, { theirs: "1" });
    for (const bad of ["main", "--help", "HEAD~1", ""]) {
      await expect(bench.baton.mergeOnto({ ...order, theirs: bad })).rejects.toThrow(/object name/);
    }
  });
});
