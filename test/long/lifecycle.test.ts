import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { testDatabases } from "../support/database.ts";
import { until } from "../support/until.ts";
import { buildWorld, fixingAgent, patientAgent, type World } from "../support/world.ts";

const databases = testDatabases();
const execFileAsync = promisify(execFile);

describe("npm start", () => {
  it("names everything that is missing or weak, all at once, and does not start", async () => {
    const directory = mkdtempSync(join(tmpdir(), "baton-settings-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const bare = await startWith(directory, {});
    expect(bare).toMatchInlineSnapshot(`
      {
        "code": 1,
        "words": "Baton cannot start:
        - APP_ID is not set: it is the number on your GitHub App's settings page
        - WEBHOOK_SECRET is not set: make one with \`openssl rand -hex 32\` and enter it in the App's settings too
        - PRIVATE_KEY or PRIVATE_KEY_PATH is not set: generate a private key on the App's settings page
        - BATON_CONFIG: cannot read <directory>/baton.yml: copy baton.example.yml to baton.yml, or set BATON_CONFIG",
      }
    `);

    writeFileSync(
      join(directory, "baton.yml"),
      "profiles:\n  default: { agent: command, command: [./none] }\nlimit: 3\n",
    );
    const weak = await startWith(directory, {
      APP_ID: "seven",
      PRIVATE_KEY: "a key",
      WEBHOOK_SECRET: "development",
      GHE_PROTOCOL: "ftp",
      PORT: "99999",
    });
    expect(weak).toMatchInlineSnapshot(`
      {
        "code": 1,
        "words": "Baton cannot start:
        - APP_ID must be the App's number
        - GHE_PROTOCOL must be https or http
        - WEBHOOK_SECRET is Probot's public default: make one with \`openssl rand -hex 32\` and enter it in the App's settings too
        - PRIVATE_KEY is neither PEM nor base64 of PEM
        - PORT must be between 0 and 65535
        - <directory>/baton.yml: line 1, column 1: Unrecognized key: "limit"",
      }
    `);

    const guessable = await startWith(directory, { APP_ID: "7", WEBHOOK_SECRET: "0".repeat(64) });
    expect(guessable.code).not.toBe(0);
    expect(guessable.words).toContain("WEBHOOK_SECRET");
  });
});

describe("a Baton with a process of its own", () => {
  // A number of seconds that no other process of this machine sleeps.
  const nap = 31_536_072;
  const agent = `sleep ${nap} &
while [ ! -e go ]; do sleep 0.05; done
rm go
kill $!
${fixingAgent}`;
  const asleep = (number: number) =>
    until(() => (sleepers(nap) === number ? true : undefined), { what: `${number} agents at work`, within: 30_000 });

  it("serves, drains, and brings what was cut off to one end, however it was cut off", {
    timeout: 150_000,
  }, async () => {
    const world = await buildWorld({ database: await databases.create(), agent, baton: "process" });
    await servesItsPages(world);
    const drained = await world.issue();
    await world.as("ann").labels(drained, "agent");
    await asleep(1);
    const since = performance.now();
    expect(await world.stop()).toBe(0);
    const seconds = (performance.now() - since) / 1000;
    expect(seconds).toBeGreaterThan(19);
    expect(seconds).toBeLessThan(25);
    expect(sleepers(nap)).toBe(0);
    // Back in line for whoever starts next, and the attempt is not spent. "active" would mean the same: it has a ticket
    // again, and nobody holds it.
    expect(await world.runs()).toMatchObject([{ attempt: 0, worker: null, outcome: null }]);

    await world.start();
    await asleep(1);
    await world.statusIs(drained, /The agent is working/);
    world.release(drained);
    await world.settled();
    expect(world.github.pullRequests(world.repository)).toHaveLength(1);
    expect(world.told(drained)).toEqual([expect.stringContaining("Ready for review")]);

    const killed = await world.issue();
    await world.as("ann").labels(killed, "agent");
    await asleep(1);
    await world.kill();
    await asleep(0);
    // Of a task that nobody works on again, here: closed meanwhile, or taken over by another machine.
    const abandoned = join(world.dataDir, "workspaces", "4711-7", "repo");
    mkdirSync(abandoned, { recursive: true });
    await world.start();
    expect(existsSync(abandoned)).toBe(false);
    await asleep(1);
    world.release(killed);
    await world.settled();
    expect(world.github.pullRequests(world.repository).map(({ head }) => head)).toEqual([
      `agent/issue-${drained}`,
      `agent/issue-${killed}`,
    ]);
    expect(world.told(killed)).toEqual([expect.stringContaining("Ready for review")]);
    expect((await world.runs()).map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
    expect(sleepers(nap)).toBe(0);
    expect(await world.stop()).toBe(0);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});

describe("what goes wrong on the way", () => {
  it("one label in twenty deliveries at once is one run, and tokens that die meanwhile do not matter", async () => {
    const world = await buildWorld({ database: await databases.create(), agent: patientAgent });
    const issue = await world.issue();
    world.github.faults.drop({ event: "issues", action: "labeled" });
    await world.as("ann").labels(issue, "agent");
    await world.github.settled();
    const guid = world.github.deliveries.find(({ action }) => action === "labeled")?.guid ?? "none";
    await Promise.all(Array.from({ length: 20 }, () => world.github.redeliver(guid)));
    await world.statusIs(issue, /The agent is working/);
    world.github.faults.expireTokens();
    world.release(issue);
    await world.settled();

    expect(await world.runs()).toMatchObject([{ state: "succeeded" }]);
    expect(world.github.deliveries.filter((sent) => sent.guid === guid && sent.status === "OK")).toHaveLength(20);
    expect(world.github.pullRequests(world.repository)).toHaveLength(1);
    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    expect(world.github.requests.some(({ status }) => status === 401)).toBe(true);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });

  it("a write whose answer was lost is not made twice, and a repository that was away for a moment is fetched again", async () => {
    const world = await buildWorld({ database: await databases.create() });
    const { faults } = world.github;
    const repo = "/repos/{owner}/{repo}";
    faults.answer({ route: "GIT upload-pack", status: 502 });
    faults.answer({ route: "GIT upload-pack", status: 401 });
    faults.answer({ route: `POST ${repo}/issues/{issue_number}/comments`, status: 502, when: "after", times: 2 });
    faults.answer({ route: `POST ${repo}/issues/comments/{comment_id}/reactions`, status: 502, when: "after" });
    faults.answer({ route: "GIT receive-pack", status: 502, when: "after" });
    faults.hangUp({ route: `POST ${repo}/pulls`, when: "after" });
    faults.answer({ route: `POST ${repo}/check-runs`, status: 502, when: "after" });
    faults.answer({ route: `POST ${repo}/pulls/{pull_number}/requested_reviewers`, status: 502, when: "after" });
    faults.answer({ route: `PATCH ${repo}/issues/comments/{comment_id}`, status: 502, when: "after" });
    const [issue, refused] = [await world.issue(), await world.issue()];
    await world.as("ann").labels(issue, "agent");
    await world.as("tim").labels(refused, "agent");
    await world.settled();

    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    expect(world.told(refused)).toEqual([expect.stringContaining("you have `triage`")]);
    const pulls = world.github.pullRequests(world.repository);
    expect(pulls).toMatchObject([{ head: `agent/issue-${issue}`, commits: 1, requestedReviewers: ["ann"] }]);
    expect(world.github.checks(world.repository)).toMatchObject([
      { name: "baton", headSha: pulls[0]?.headSha },
      { name: "baton/review", headSha: pulls[0]?.headSha },
    ]);
    expect(await world.runs()).toHaveLength(1);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});

async function servesItsPages({ baton, github }: World): Promise<void> {
  const statusOf = async (path: string, init?: RequestInit) => (await fetch(`${baton.url}${path}`, init)).status;
  expect(await statusOf("/healthz")).toBe(200);
  expect(await statusOf("/readyz")).toBe(200);
  expect(await statusOf("/probot")).toBe(404);
  expect(await statusOf("/probot/setup")).toBe(404);
  expect(await statusOf("/")).toBe(404);
  const forged = {
    method: "POST",
    body: "{}",
    headers: {
      "content-type": "application/json",
      "x-github-event": "issues",
      "x-github-delivery": "7f5dd10c-0000-4000-8000-000000000000",
      "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
    },
  };
  expect(await statusOf("/api/github/webhooks", forged)).toBe(401);
  expect(github.deliveries).toEqual([]);
}

/** What Baton says and how it ends with these settings; the directory's own path is left out. */
async function startWith(directory: string, env: Readonly<Record<string, string>>) {
  const main = resolve(import.meta.dirname, "../../src/index.ts");
  const { stdout, stderr, code } = await execFileAsync(process.execPath, [main, "start"], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...env },
  }).then(
    (ended) => ({ ...ended, code: 0 }),
    (ended: { stdout: string; stderr: string; code: number }) => ended,
  );
  return { code, words: `${stdout}${stderr}`.replaceAll(directory, "<directory>").trim() };
}

function sleepers(seconds: number): number {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && commandLine(entry) === `sleep\0${seconds}\0`)
    .length;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // gone in between
  }
}
