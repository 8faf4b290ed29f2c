import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenForms } from "../../src/git/environment.ts";
import { git, link } from "./support/plain-git.ts";
import { startFiles, type Workbench, workbench } from "./support/workbench.ts";

let bench: Workbench;
let marker: string;
beforeAll(async () => {
  bench = await workbench();
  marker = join(bench.dir, "executed");
});
afterAll(() => bench.close());

const author = { name: "baton[bot]", email: "7@example.com" };
const run = (runId: string) => ({ repositoryId: bench.repositoryId, runId });

/** Everything a run does with git, from the first fetch to the clean-up. */
async function wholeRun(runId: string, between: (gitDir: string) => Promise<void> = async () => {}) {
  const { baton, baseSha } = bench;
  await baton.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main" });
  const work = await bench.work({ ...vectors(marker), "src/greet.ts": `${runId}\n` });
  const imported = await baton.importBundle({ ...run(runId), baseSha, ...work });
  if (imported.kind !== "ok") throw new Error(imported.reason);
  await between(imported.gitDir);
  const order = { ...run(runId), baseSha, tip: work.tip, secrets: ["something-secret"] };
  await baton.judgeTree({ ...order, protect: { deny: [], hold: [], flag: [] } });
  await baton.patchOf(order);
  const { headSha } = await baton.commit({ ...order, parents: [baseSha], message: "x", author, at: 0 });
  const bundle = await baton.keep({ ...run(runId), headSha });
  await baton.adopt({ ...run(runId), headSha, bundle });
  await bench.baton.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main" });
  return baton.push({ ...run(runId), ...bench.at, branch: `agent/${runId}`, headSha, expected: undefined });
}

/** What a hostile tree can hold to make some git run something. */
function vectors(program: string) {
  const evil = `touch ${program}`;
  return {
    ".gitattributes": "* filter=evil diff=evil merge=evil\n",
    "x/.gitattributes": "* filter=evil diff=evil\n",
    ".gitconfig": `[core]\n\tfsmonitor = ${evil}\n[filter "evil"]\n\tclean = ${evil}\n\tsmudge = ${evil}\n`,
    "hooks/pre-push": { mode: "100755", body: `#!/bin/sh\n${evil}\n` },
    "hooks/post-checkout": { mode: "100755", body: `#!/bin/sh\n${evil}\n` },
    "objects/info/alternates": "/etc\n",
    config: `[core]\n\thooksPath = hooks\n\tfsmonitor = ${evil}\n`,
    HEAD: "ref: refs/heads/main\n",
    inner: link("hooks/pre-push"),
  };
}

describe("nothing that came from outside is executed", () => {
  it("not from the tree of an agent's bundle", async () => {
    expect(await wholeRun("tree")).toEqual({ kind: "pushed" });
    expect(existsSync(marker)).toBe(false);
  });

  it("not from a quarantine or mirror that somebody got into", async () => {
    const plant = async (gitDir: string) => {
      const script = `#!/bin/sh\ntouch ${marker}\n`;
      const hooks = [
        "reference-transaction",
        "pre-push",
        "update",
        "post-update",
        "pre-auto-gc",
        "fsmonitor-watchman",
        "post-index-change",
      ];
      await mkdir(join(gitDir, "hooks"), { recursive: true });
      for (const hook of hooks) await writeFile(join(gitDir, "hooks", hook), script);
      for (const hook of hooks) await chmod(join(gitDir, "hooks", hook), 0o755);
      const evil = join(gitDir, "hooks", "update");
      for (const [key, value] of [
        ["core.hooksPath", join(gitDir, "hooks")],
        ["core.fsmonitor", evil],
        ["core.askPass", evil],
        ["credential.helper", `!${evil}`],
        ["core.pager", evil],
        ["diff.external", evil],
        ["diff.evil.textconv", evil],
        ["diff.evil.command", evil],
        ["filter.evil.clean", evil],
        ["filter.evil.smudge", evil],
        ["gpg.program", evil],
        ["commit.gpgSign", "true"],
        ["push.gpgSign", "if-asked"],
        ["core.sshCommand", evil],
        ["gc.auto", "1"],
      ] as const) {
        await git(gitDir, ["config", key, value]);
      }
      await writeFile(join(gitDir, "info-attributes"), "");
      await mkdir(join(gitDir, "info"), { recursive: true });
      await writeFile(join(gitDir, "info", "attributes"), "* diff=evil filter=evil\n");
    };
    await plant(join(bench.dataDir, "git", "mirrors", `${bench.repositoryId}.git`));
    await bench.pushes("main-2", { ...startFiles, more: "1" }, [bench.baseSha]);
    const pushed = await wholeRun("planted", plant);
    await bench.baton.fetchBase({ ...bench.at, token: "wrong", repositoryId: bench.repositoryId, branch: "main-2" });
    await bench.baton.fetchBase({ ...bench.at, repositoryId: bench.repositoryId, branch: "main-2" });
    expect(pushed).toEqual({ kind: "pushed" });
    expect(existsSync(marker)).toBe(false);
  });

  it("while plain git does run such plants (so the marker can be made at all)", async () => {
    const gitDir = join(bench.dataDir, "git", "quarantine", `${bench.repositoryId}-planted.git`);
    await git(gitDir, ["update-ref", "refs/heads/proof", bench.baseSha]);
    expect(existsSync(marker)).toBe(true);
  });
});

describe("the token", () => {
  const forms = () => tokenForms(bench.server.token);

  it("reaches the server", () => {
    expect(bench.server.requests.some(({ authorization }) => authorization?.endsWith(forms()[1] ?? "?"))).toBe(true);
  });

  it("is in no file below the data directory", () => {
    const files = readdirSync(bench.dataDir, { recursive: true, encoding: "utf8" }).map((name) =>
      join(bench.dataDir, name),
    );
    const texts = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, "latin1"));
    expect(texts.length).toBeGreaterThan(20);
    for (const form of forms()) expect(texts.some((text) => text.includes(form))).toBe(false);
  });

  it("is on no command line while git waits for the server", async () => {
    bench.server.fault = { on: "info/refs", does: "hang" };
    const before = bench.server.requests.length;
    const head = bench.baton.remoteHead({ ...bench.at, branch: "main" }).catch(() => undefined);
    await expect.poll(() => bench.server.requests.length, { interval: 10 }).toBeGreaterThan(before);
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    await bench.server.close();
    await head;
    expect(processes).toContain(bench.url);
    for (const form of forms()) expect(processes).not.toContain(form);
  });

  it("is in no error or cause, whatever goes wrong", async () => {
    const order = { ...bench.at, repositoryId: bench.repositoryId, branch: "main" };
    const results = [
      await bench.baton.fetchBase(order),
      await bench.baton.fetchBase({ ...order, url: `http://127.0.0.1:1/${bench.server.token}` }),
      await bench.baton.remoteHead(order).catch((error: unknown) => error),
      await bench.baton
        .fetchBase({ ...order, url: `http://x:${bench.server.token}@127.0.0.1/` })
        .catch((error: unknown) => error),
    ];
    const text = results
      .map((result) => `${JSON.stringify(result)} ${result instanceof Error ? result.stack : ""}`)
      .join("\n");
    expect(text).toContain("unavailable");
    for (const form of forms()) expect(text).not.toContain(form);
  });

  it("is not printed when somebody turns simple-git's debug output on", async () => {
    const script = `
      import { createGit } from ${JSON.stringify(new URL("../../src/git/index.ts", import.meta.url).href)};
      const git = createGit({ dataDir: process.argv[1] });
      await git.remoteHead({ url: "http://127.0.0.1:1/x", token: process.argv[2], branch: "main" }).catch(() => {});`;
    const args = ["--input-type=module", "-e", script, join(bench.dir, "debug"), bench.server.token];
    const child = spawn(process.execPath, args, { env: { PATH: "/usr/bin:/bin", DEBUG: "*" } });
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (printed += chunk));
    await new Promise((resolve) => child.on("close", resolve));
    expect(printed).toContain("GIT_CONFIG_VALUE");
    for (const form of forms()) expect(printed).not.toContain(form);
  });
});
