import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TreeVerdict } from "../../src/git/index.ts";
import { type Files, link, submodule, writeCommit, writeFiles, writeObject, writeTree } from "./support/plain-git.ts";
import { startFiles, type Work, type Workbench, workbench } from "./support/workbench.ts";

const secret = "canary-4f9a1c77e2/Zürich+x";
const start: Files = {
  ...startFiles,
  "docs/link-out": link("/etc/hostname"),
  "docs/inside": link("../src"),
  "old/CON.txt": "it was here before us\n",
  "old/Same": "a\n",
  "old/same": "b\n",
  "many/1": "1\n",
  "many/2": "2\n",
};
let bench: Workbench;
beforeAll(async () => {
  bench = await workbench(start);
  await bench.baton.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main" });
});
afterAll(() => bench.close());

const protect = {
  deny: [".github/workflows/**"],
  hold: [".github/**", "CODEOWNERS"],
  flag: ["AGENTS.md", "**/package.json"],
};
type Limits = Parameters<Workbench["baton"]["judgeTree"]>[0]["limits"];
const key = () => ({ repositoryId: bench.repositoryId, runId: "judged" });

async function judge(work: Work, limits: Limits = {}): Promise<TreeVerdict> {
  const imported = await bench.baton.importBundle({ ...key(), baseSha: bench.baseSha, ...work });
  if (imported.kind !== "ok") throw new Error(imported.reason);
  const { tip } = work;
  return bench.baton.judgeTree({ ...key(), baseSha: bench.baseSha, tip, protect, limits, secrets: [secret] });
}

/** A text that is refused for exactly one reason. */
async function refusal(changes: Parameters<Workbench["work"]>[0], limits?: Limits): Promise<string> {
  const verdict = await judge(await bench.work(changes), limits);
  if (verdict.kind === "accepted") return "accepted";
  return verdict.reasons.join("\n");
}

describe("what passes the gate", () => {
  it("an ordinary change, with the files to look at flagged", async () => {
    const changes = {
      "src/greet.ts": "better\n",
      "src/new.ts": "new\n",
      "src/other.ts": undefined,
      "package.json": '{"a":1}\n',
    };
    const verdict = await judge(await bench.work(changes));
    expect(verdict).toMatchObject({ kind: "accepted", flagged: ["package.json"] });
    expect([...verdict.changedFiles].sort()).toEqual(["package.json", "src/greet.ts", "src/new.ts", "src/other.ts"]);
  });

  it("nothing at all, as no changed files", async () => {
    const tip = writeCommit(bench.agent, writeFiles(bench.agent, start), [bench.baseSha]);
    expect(await judge(await bench.bundle(tip))).toEqual({
      kind: "accepted",
      changedFiles: [],
      flagged: [],
      patchBytes: 0,
    });
  });

  it("odd things that the repository had before", async () => {
    expect(
      await refusal({ "docs/new.md": "x", "old/new.md": "x", "old/CON.txt": "edited\n", "docs/link-out": undefined }),
    ).toBe("accepted");
  });

  it("links and names that only look unusual", async () => {
    const harmless = {
      "a/b/up": link("../../README.md"),
      "a/build": link("./not-made-yet/out"),
      "a/through": link("../docs/inside/greet.ts"),
      "app/[...slug]/page.tsx": "x",
      "app/+page@2.svelte": "x",
      ".gitignore": "x",
      ".gitattributes": "*.png binary",
      "github/workflows.md": "x",
      "console.txt": "x",
      "übersicht/日本語.md": "x",
      "run.sh": { mode: "100755", body: "#!/bin/sh\n" },
    };
    expect(await refusal(harmless)).toBe("accepted");
  });

  it("a removed secret", async () => {
    const leaky = await workbench({ "a.txt": `${secret}\n`, b: "b" });
    try {
      await leaky.baton.fetchBase({ ...leaky.at, repositoryId: 1, branch: "main" });
      const work = await leaky.work({ "a.txt": "gone\n" });
      const order = { repositoryId: 1, runId: "x", baseSha: leaky.baseSha, ...work };
      await leaky.baton.importBundle(order);
      expect(await leaky.baton.judgeTree({ ...order, protect, secrets: [secret] })).toMatchObject({ kind: "accepted" });
    } finally {
      await leaky.close();
    }
  });
});

describe("what does not pass the gate", () => {
  const hostile: readonly (readonly [what: string, changes: Parameters<Workbench["work"]>[0], reason: RegExp])[] = [
    ["a link to an absolute path", { x: link("/etc/passwd") }, /absolute/],
    ["a link to a drive", { x: link("C:\\Windows") }, /absolute/],
    ["a link out of the tree", { "a/x": link("../../outside") }, /out of the repository/],
    ["a link out of the tree with backslashes", { "a/x": link("..\\..\\outside") }, /out of the repository/],
    ["a link that goes down and up again", { "a/x": link("b/../../../outside") }, /goes up again/],
    ["a link through another link that was there", { x: link("docs/link-out") }, /leads out/],
    ["a pair of links, each harmless alone", { "a/b/c": link("../.."), "a/x": link("b/c/../y") }, /goes up again/],
    ["a link in a circle", { x: link("y"), y: link("x") }, /circle/],
    ["a link into git's directory", { x: link(".git/hooks/pre-commit") }, /git's own directory/],
    ["the same, spelled for Windows", { x: link("GIT~1/config") }, /git's own directory/],
    ["the same, spelled for macOS", { x: link(".g\u200cit/config") }, /git's own directory/],
    ["a link without a target", { x: link("") }, /unreadable target/],
    ["a link with a control character", { x: link("a\nb") }, /unreadable target/],
    ["a link in the place of a file", { "README.md": link("/etc/passwd") }, /absolute/],
    ["a changed link out of the tree", { "docs/link-out": link("/etc/shadow") }, /absolute/],
    ["a submodule", { vendor: submodule }, /is a submodule/],
    [".lfsconfig", { ".lfsconfig": "[lfs]\n" }, /\.lfsconfig/],
    [".lfsconfig by its short name", { "a/LFSCON~1": "x" }, /\.lfsconfig/],
    [".gitmodules without a submodule", { ".gitmodules": "" }, /\.gitmodules/],
    [".gitmodules by its short name", { "GITMOD~1": "" }, /\.gitmodules/],
    ["a stream of .git", { ".git::$INDEX_ALLOCATION": "x" }, /git's own directory|hasDotgit/],
    [".git with dots and spaces", { "a/.git. .": "x" }, /git's own directory|hasDotgit/],
    ["two names that differ in case", { "readme.MD": "x" }, /same name/],
    ["two directories that differ in case", { "SRC/a": "x" }, /same name/],
    ["two names that differ in Unicode form", { "caf\u00e9": "x", "cafe\u0301": "y" }, /same name/],
    ["a third of a kind", { "old/SAME": "c" }, /same name/],
    ["a reserved name", { "a/aux.c": "x" }, /reserved/],
    ["a reserved directory", { "con/a": "x" }, /reserved/],
    ["a reserved name with a superscript", { "lpt².log": "x" }, /reserved/],
    ["a name that ends in a dot", { "a.": "x" }, /ends in a dot/],
    ["a backslash", { "a\\..\\b": "x" }, /backslash/],
    ["a line end in a name", { "a\nb": "x" }, /invisible/],
    ["a right-to-left override in a name", { "a\u202etxt.exe": "x" }, /invisible/],
    ["a zero-width space in a name", { "a\u200bb": "x" }, /invisible/],
    ["a name above 255 bytes", { ["n".repeat(256)]: "x" }, /255/],
    ["a device-like mode", { x: { mode: "100666", body: "x" } }, /not an ordinary file|broken/],
    ["a workflow", { ".github/workflows/new.yml": "x" }, /protected/],
    ["a workflow in other case", { ".GitHub/workflows/new.yml": "x" }, /protected/],
    ["a removed workflow", { ".github/workflows/ci.yml": undefined }, /protected/],
    ["a renamed workflow", { ".github/workflows/ci.yml": undefined, "ci.yml": "on: push\n" }, /protected/],
    ["a link over the workflows", { ".github/workflows/ci.yml": undefined, ".github": link("evil") }, /protected/],
    ["a held file", { ".github/dependabot.yml": "x" }, /hold list.*not possible yet/],
    ["a secret in a file", { "a.txt": `key=${secret}` }, /contains a secret/],
    [
      "a secret in a binary file",
      { "a.bin": Buffer.concat([Buffer.from([0, 255, 0]), Buffer.from(secret), randomBytes(64)]) },
      /contains a secret/,
    ],
    ["a secret in a link", { x: link(secret) }, /contains a secret/],
    ["a secret in base64", { "a.txt": Buffer.from(secret).toString("base64") }, /contains a secret/],
    ["a secret in base64 for URLs", { "a.txt": Buffer.from(secret).toString("base64url") }, /contains a secret/],
    ["a secret in hexadecimal", { "a.txt": Buffer.from(secret).toString("hex") }, /contains a secret/],
    ["a secret in percent form", { "a.txt": encodeURIComponent(secret) }, /contains a secret/],
    ["a reversed secret", { "a.txt": [...secret].reverse().join("") }, /contains a secret/],
    ["a secret over several lines", { "a.txt": secret.replace(/(.{6})/gu, "$1\n") }, /contains a secret/],
    [
      "a secret as the name of a file",
      { [`${Buffer.from(secret).toString("hex")}.txt`]: "x" },
      /name of a changed file/,
    ],
  ];

  it.each(hostile)("%s", async (_, changes, reason) => {
    let said: string;
    try {
      said = await refusal(changes);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(reason);
    for (const form of [secret, Buffer.from(secret).toString("hex"), encodeURIComponent(secret)]) {
      expect(said).not.toContain(form);
    }
  });

  it("a name that is not UTF-8, also next to another one", async () => {
    const blob = writeObject(bench.agent, "blob", "x");
    const entry = (byte: number) => ({ mode: "100644", name: Buffer.from([0x61, byte]), sha: blob });
    const tree = writeTree(bench.agent, [entry(0xff), entry(0xfe)]);
    const verdict = await judge(await bench.bundle(writeCommit(bench.agent, tree, [bench.baseSha])));
    expect(verdict.kind === "refused" && verdict.reasons.join("\n")).toMatch(/not UTF-8/);
  });

  it("a secret in a name is not in the list of changed files either", async () => {
    const verdict = await judge(
      await bench.work({ [`x/${secret.replace("/", "_")}`]: "x", [`a-${Buffer.from(secret).toString("hex")}`]: "x" }),
    );
    expect(JSON.stringify(verdict)).not.toContain(Buffer.from(secret).toString("hex"));
  });

  it("reasons show no live text: names stand in code marks, with what is invisible spelled out", async () => {
    const said = await refusal({ "@team `x`\u202e.txt": "x" });
    expect(said).toBe("`@team \u2019x\u2019\\u{202e}.txt` has control or invisible characters in its name.");
  });

  it("more than twenty reasons are counted, not listed", async () => {
    const bad = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`bad${n}.`, "x"]));
    expect((await refusal(bad)).split("\n")).toHaveLength(21);
  });
});

describe("how much may pass the gate", () => {
  const files = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`new/${n}`, `${n}`]));

  it("300 files, not 301; deletions count", async () => {
    expect(await refusal(files(300))).toBe("accepted");
    expect(await refusal(files(301))).toMatch(/More than 300 files/);
    expect(await refusal({ "many/1": undefined, "many/2": undefined }, { files: 1 })).toMatch(/More than 1 files/);
  });

  it("4 MiB as text, text that git would call binary included", async () => {
    expect(await refusal({ big: "a".repeat(3_900_000) })).toBe("accepted");
    expect(await refusal({ big: "a".repeat(4_300_000) })).toMatch(/bigger than 4 MiB/);
    expect(await refusal({ big: Buffer.alloc(4_300_000) })).toMatch(/bigger than 4 MiB/);
  });

  it("no file above 50 MiB, whatever it packs down to", async () => {
    expect(await refusal({ zeros: Buffer.alloc(51 * 1024 * 1024) })).toMatch(/bigger than 50 MiB/);
  });

  const bomb = (leaf: string, levels: number) => {
    let tree = leaf;
    for (let level = 0; level < levels; level++) {
      const entry = (n: number) => ({ mode: "40000", name: `d${n}`, sha: tree });
      tree = writeTree(
        bench.agent,
        Array.from({ length: 10 }, (_, n) => entry(n)),
      );
    }
    return bench.bundle(writeCommit(bench.agent, tree, [bench.baseSha]));
  };

  it("a bomb of ten objects and a hundred million files costs no more than its limit", async () => {
    const verdict = await judge(await bomb(writeFiles(bench.agent, { f: "boom" }), 8), { files: 1000 });
    expect(verdict).toMatchObject({
      kind: "refused",
      reasons: [expect.stringMatching(/unfolds into more than|More than/)],
    });
  });

  it("nor does one without any file in it", async () => {
    const verdict = await judge(await bomb(writeTree(bench.agent, []), 8));
    expect(verdict).toMatchObject({ reasons: ["The change unfolds into more than 200000 tree entries."] });
  });

  it("nor does a very deep one", async () => {
    let tree = writeFiles(bench.agent, { f: "x" });
    for (let level = 0; level < 150; level++) tree = writeTree(bench.agent, [{ mode: "40000", name: "d", sha: tree }]);
    const verdict = await judge(await bench.bundle(writeCommit(bench.agent, tree, [bench.baseSha])));
    expect(verdict).toMatchObject({ reasons: ["Directories are nested too deeply."] });
  });
});

describe("the patch for the operator", () => {
  it("shows the change with secrets blanked, and says where it was cut", async () => {
    const work = await bench.work({ "a.txt": `key=${secret}\n${"long\n".repeat(1000)}` });
    await bench.baton.importBundle({ ...key(), baseSha: bench.baseSha, ...work });
    const order = { ...key(), baseSha: bench.baseSha, tip: work.tip, secrets: [secret] };
    const patch = await bench.baton.patchOf(order);
    expect(patch).toContain("+key=[secret removed]");
    expect(patch).not.toContain(secret);
    expect(await bench.baton.patchOf({ ...order, maxBytes: 500 })).toMatch(/longer than 500 bytes/);
  });
});
