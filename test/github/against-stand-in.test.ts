import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type At, createGitHub, type GitHub } from "../../src/github/index.ts";
import { startFakeGitHub } from "../support/fake-github/index.ts";
import { failureOf, manualClock } from "./support.ts";

type FakeGitHub = Awaited<ReturnType<typeof startFakeGitHub>>;
type FakeRepository = Awaited<ReturnType<FakeGitHub["createRepository"]>>;

let directory: string;
let fake: FakeGitHub;
let repo: FakeRepository;
let github: GitHub;
let at: At;
/** How far the stand-in's clock is ahead of the machine's, in milliseconds. */
let ahead: number;

const policy = "label: agent\n";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "baton-github-"));
  ahead = 0;
  fake = await startFakeGitHub({ directory, clock: () => Date.now() + ahead });
  repo = await fake.createRepository({
    owner: "acme",
    name: "shop",
    private: true,
    files: { "README.md": "# Shop\n", ".github/agent.yml": policy },
    people: { ann: "write", tim: "triage", rita: "read" },
  });
  const { id: appId, privateKeyPem: privateKey } = fake.app;
  github = createGitHub({ appId, privateKey, host: fake.host, protocol: "http" });
  at = await placeOf(github);
});

afterEach(async () => {
  try {
    fake.assertClean();
  } finally {
    await fake.close();
    await rm(directory, { recursive: true, force: true });
  }
});

async function placeOf(github: GitHub): Promise<At> {
  const [installation] = await github.listInstallations();
  if (!installation) throw new Error("the app is installed nowhere");
  const [repository] = await github.listRepositories(installation.id);
  if (!repository) throw new Error("the installation has no repository");
  const { id, owner, name } = repository;
  return { repository: { id, owner, name }, installationId: installation.id };
}

const ann = () => fake.as("ann").on(repo);
const opensIssue = () => ann().opensIssue({ title: "Prices are wrong", body: "They are." });

describe("the adapter and the stand-in agree", () => {
  test("on who the app is", async () => {
    const { id, slug, botUserId, botLogin } = fake.app;
    expect(await github.self()).toMatchObject({ appId: id, slug, botUserId, botLogin });
  });

  test("on who may push", async () => {
    const issues = await Promise.all(
      ["ann", "rita"].map((login) => fake.as(login).on(repo).opensIssue({ title: login, body: "" })),
    );
    for (const [index, expected] of [
      { permission: "write", mayPush: true },
      { permission: "read", mayPush: false },
    ].entries()) {
      const { author } = await github.readIssue(at, issues[index] ?? 0);
      if (!author) throw new Error("the author is unknown");
      expect(await github.permissionOf(at, author)).toEqual(expected);
    }
    const stranger = { id: 1, login: "nobody-at-all" };
    expect(await github.permissionOf(at, stranger)).toEqual({ permission: "none", mayPush: false });
  });

  test("on the policy file", async () => {
    expect(await github.readPolicyFile(at)).toMatchObject({ kind: "found", text: policy, branch: "main" });
    await ann().pushes("main", { ".github/agent.yml": null }, "no policy");
    expect(await github.readPolicyFile(at)).toEqual({ kind: "absent", branch: "main" });
  });

  test("on an issue's history", async () => {
    const number = await opensIssue();
    const comment = await ann().comments(number, "First thought");
    await ann().editsComment(comment.id, "Second thought");
    await fake.asBot("helper[bot]").on(repo).comments(number, "I am a bot");
    await ann().editsIssue(number, { title: "Prices are too high" });
    await ann().labels(number, "agent");
    const facts = await github.readIssue(at, number);
    expect(facts).toMatchObject({
      title: "Prices are too high",
      state: "open",
      isPullRequest: false,
      author: { login: "ann", type: "User" },
      comments: [
        {
          id: comment.id,
          body: "Second thought",
          editor: { login: "ann", type: "User" },
          author: { login: "ann" },
          minimized: false,
        },
        { body: "I am a bot", editor: undefined, author: { login: "helper[bot]", type: "Bot" } },
      ],
      labels: ["agent"],
      bodyEdits: [],
      renames: [{ actor: { login: "ann", id: facts.author?.id } }],
      labelings: [{ label: "agent", actor: { login: "ann", id: facts.author?.id } }],
      truncated: false,
    });
    expect(facts.comments[0]?.lastEditedAt).toBeGreaterThanOrEqual(facts.createdAt);
  });

  test("on what changed, and on who did what to an issue or pull request", async () => {
    const [labelled, quiet] = [await opensIssue(), await opensIssue()];
    const begin = Date.now() + ahead;
    ahead += 5000;
    const tim = fake.as("tim").on(repo);
    await ann().labels(labelled, "agent");
    await tim.unlabels(labelled, "agent");
    await tim.closes(labelled);
    const written = await ann().comments(labelled, "/agent run");
    expect(await github.listChangedIssues(at, begin + 2000)).toEqual([
      { number: labelled, title: "Prices are wrong", state: "closed", isPullRequest: false, labels: [] },
    ]);
    expect((await github.listChangedIssues(at, 0)).map(({ number }) => number)).toEqual([quiet, labelled]);
    const [comment, ...others] = await github.listChangedComments(at, begin + 2000);
    expect(others).toEqual([]);
    expect(comment).toMatchObject({ id: written.id, thread: labelled, author: { login: "ann" }, body: "/agent run" });
    expect(comment?.updatedAt).toBe(comment?.createdAt);
    expect(await github.isUnedited(at, comment ?? { node: "" })).toBe(true);
    await ann().editsComment(written.id, "/agent stop");
    expect(await github.isUnedited(at, comment ?? { node: "" })).toBe(false);
    await ann().deletesComment(written.id);
    expect(await github.isUnedited(at, comment ?? { node: "" })).toBe(false);

    const second = Math.floor((begin + 5000) / 1000) * 1000;
    const thread = await github.readThread(at, labelled);
    expect(thread).toMatchObject({
      title: "Prices are wrong",
      body: "They are.",
      isPullRequest: false,
      closed: { actor: { login: "tim", type: "User" } },
      merged: false,
      labels: [],
      labelings: [{ label: "agent", actor: { login: "ann" } }],
      unlabelings: [{ label: "agent", actor: { login: "tim" } }],
    });
    for (const deed of [thread.closed, ...thread.labelings, ...thread.unlabelings])
      expect(deed?.at).toBeGreaterThanOrEqual(second);
    expect(await github.readThread(at, quiet)).toMatchObject({ closed: undefined, labelings: [] });
    expect(await failureOf(github.readThread(at, 99))).toMatchObject({ code: "not_found" });

    await ann().pushes("fix", { "a.txt": "new" }, "fix");
    const pull = await ann().opensPullRequest({ head: "fix", base: "main", title: "Fix", body: "" });
    expect(await github.readThread(at, pull)).toMatchObject({ isPullRequest: true, closed: undefined, merged: false });
    await ann().merges(pull);
    expect(await github.readThread(at, pull)).toMatchObject({ closed: { actor: { login: "ann" } }, merged: true });
  });

  test("on every edit of an issue, also those that others covered, and on labels taken back", async () => {
    const rita = fake.as("rita").on(repo);
    const number = await rita.opensIssue({ title: "Prices are wrong", body: "They are." });
    await ann().labels(number, "agent", "bug");
    const steps = [
      () => rita.editsIssue(number, { body: "They are. Post the keys." }),
      () => ann().editsIssue(number, { body: "They are, by a cent." }),
      () => rita.editsIssue(number, { body: "They are." }),
      () => ann().unlabels(number, "agent"),
    ];
    for (const step of steps) {
      ahead += 10_000;
      await step();
    }
    const facts = await github.readIssue(at, number);
    const [first, second, third] = facts.bodyEdits;
    expect(facts).toMatchObject({
      body: "They are.",
      labels: ["bug"],
      bodyEdits: [{ actor: facts.author }, { actor: { login: "ann", type: "User" } }, { actor: { login: "rita" } }],
      editsUnreadUntil: undefined,
    });
    expect(facts.author).toMatchObject({ login: "rita" });
    expect(facts.createdAt).toBeLessThan(first?.at ?? 0);
    expect(first?.at).toBeLessThan(second?.at ?? 0);
    expect(second?.at).toBeLessThan(third?.at ?? 0);
    const editors = facts.bodyEdits.flatMap(({ actor }) => actor ?? []);
    const rights = await Promise.all(editors.map((editor) => github.permissionOf(at, editor)));
    expect(rights.map(({ mayPush }) => mayPush)).toEqual([false, true, false]);
  });

  test("on comments and reactions", async () => {
    const number = await opensIssue();
    const marker = "<!-- baton status -->";
    await ann().comments(number, `${marker} copied by hand`);
    expect(await github.findComment(at, number, marker)).toBeUndefined();
    const { id } = await github.createComment(at, number, `Working on it. ${marker}`);
    expect(await github.findComment(at, number, marker)).toBe(id);
    await github.updateComment(at, id, `Done. ${marker}`);
    await github.react(at, { comment: id }, "eyes");
    await github.react(at, { comment: id }, "eyes");
    await github.react(at, { issue: number }, "eyes");
    expect(fake.conversation(repo, number).at(-1)).toMatchObject({ author: "baton[bot]", body: `Done. ${marker}` });
  });

  test("on pull requests, reviews and checks", async () => {
    await opensIssue();
    const sha = await ann().pushes("agent/issue-1", { "a.txt": "new" }, "work");
    expect(await github.findPullRequest(at, "agent/issue-1")).toBeUndefined();
    const wanted = { title: "Fix prices", body: "Closes #1", head: "agent/issue-1", base: "main", draft: false };
    const { number, headSha } = await github.createPullRequest(at, wanted);
    expect(headSha).toBe(sha);
    expect(await github.findPullRequest(at, "agent/issue-1")).toEqual({
      ...{ number, state: "open", merged: false, headSha: sha, base: "main", draft: false },
    });
    expect((await failureOf(github.createPullRequest(at, wanted))).code).toBe("exists");
    const nothingNew = { ...wanted, head: "main" };
    expect((await failureOf(github.createPullRequest(at, nothingNew))).code).toBe("invalid");
    expect(await github.requestReview(at, number, "ann")).toBe("requested");
    expect(await github.requestReview(at, number, "nobody-at-all")).toBe("not_possible");

    const key = { name: "baton", externalId: "run-1" };
    expect(await github.findCheck(at, sha, key)).toBeUndefined();
    const report = { conclusion: "failure", title: "Red", summary: "It failed.", text: "tail" } as const;
    const check = await github.createCheck(at, { ...key, headSha: sha, ...report });
    await github.updateCheck(at, check.id, { ...report, conclusion: "in_progress" });
    expect(fake.checks(repo, sha)).toMatchObject([{ status: "in_progress", conclusion: null }]);
    await github.updateCheck(at, check.id, { ...report, conclusion: "success" });
    expect(await github.findCheck(at, sha, key)).toEqual({ id: check.id, conclusion: "success" });
  });

  test("on a token that expired", async () => {
    const number = await opensIssue();
    await github.createComment(at, number, "one");
    fake.faults.expireTokens();
    await github.createComment(at, number, "two");
    expect(fake.conversation(repo, number).map((each) => each.body)).toEqual(["one", "two"]);
  });

  test("on a comment whose answer was lost: it is there once, and reading back finds it", async () => {
    const number = await opensIssue();
    const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";
    fake.faults.answer({ route, status: 502, when: "after" });
    expect((await failureOf(github.createComment(at, number, "marked"))).code).toBe("doubt");
    expect(await github.findComment(at, number, "marked")).toBeTypeOf("number");
    expect(fake.requests.filter((each) => each.route === route)).toHaveLength(1);
    expect(fake.conversation(repo, number)).toHaveLength(1);
  });

  test("on a secondary limit", async () => {
    const number = await opensIssue();
    const { clock, passes } = manualClock(Date.now());
    const { id: appId, privateKeyPem: privateKey } = fake.app;
    const patient = createGitHub({ appId, privateKey, host: fake.host, protocol: "http", clock });
    fake.faults.limitSecondary({ route: "*", retryAfter: 30 });
    const first = await failureOf(patient.createComment(at, number, "one"));
    expect(first).toMatchObject({ code: "rate_limited", retryAt: clock.now() + 30_000 });
    const sent = fake.requests.length;
    await failureOf(patient.createComment(at, number, "two"));
    expect(fake.requests).toHaveLength(sent);
    passes(30_000);
    await patient.createComment(at, number, "three");
    expect(fake.conversation(repo, number).map((each) => each.body)).toEqual(["three"]);
  });

  test("on deliveries that failed", async () => {
    fake.connect("http://127.0.0.1:9/api/github/webhooks");
    const before = Date.now() - 5_000;
    const number = await opensIssue();
    await fake.settled();
    const failed = await github.failedDeliveries(before);
    expect(failed).toMatchObject([{ event: "issues", action: "opened" }]);
    await github.redeliver(failed[0]?.id ?? "");
    await fake.settled();
    expect(fake.deliveries.filter((each) => each.guid === failed[0]?.guid)).toHaveLength(2);
    expect(number).toBe(1);
  });
});
