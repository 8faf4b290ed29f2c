import { describe, expect, test } from "vitest";
import { type Given, given, refusal, SHOP } from "./given.ts";

describe("opening a pull request", () => {
  test.each([
    ["an unknown head", { head: "nope" }, [{ resource: "PullRequest", field: "head", code: "invalid" }]],
    ["an unknown base", { base: "nope" }, [{ resource: "PullRequest", field: "base", code: "invalid" }]],
    [
      "nothing new",
      { head: "main" },
      [{ resource: "PullRequest", code: "custom", message: "No commits between main and main" }],
    ],
  ])("%s is refused with a list of errors", async (_, change, errors) => {
    const { client } = await withBranch();
    const order = { ...SHOP, head: "fix", base: "main", title: "Fix", ...change };
    expect(await refusal((await client()).rest.pulls.create(order))).toEqual({
      status: 422,
      message: "Validation Failed",
      errors,
    });
  });

  test("the second one for a branch is refused, and can be looked up by its head", async () => {
    const { client, github } = await withBranch();
    const octokit = await client();
    const order = { ...SHOP, head: "fix", base: "main", title: "Fix" };
    const first = (await octokit.rest.pulls.create(order)).data;
    const errors = [
      { resource: "PullRequest", code: "custom", message: "A pull request already exists for acme:fix." },
    ];
    expect(await refusal(octokit.rest.pulls.create(order))).toMatchObject({ status: 422, errors });
    await octokit.rest.pulls.update({ ...SHOP, pull_number: first.number, state: "closed" });
    const found = await octokit.rest.pulls.list({ ...SHOP, head: "acme:fix", state: "all" });
    expect(found.data.map((pull) => [pull.number, pull.state])).toEqual([[first.number, "closed"]]);
    expect((await octokit.rest.pulls.list({ ...SHOP, head: "acme:fix" })).data).toEqual([]);
    github.assertClean();
  });

  test("drafts are refused where the plan has none", async () => {
    const { client, github } = await withBranch();
    const octokit = await client();
    const order = { ...SHOP, head: "fix", base: "main", title: "Fix", draft: true };
    github.refuseDrafts();
    expect(await refusal(octokit.rest.pulls.create(order))).toMatchObject({ status: 422 });
    expect((await octokit.rest.pulls.create({ ...order, draft: false })).data.draft).toBe(false);
  });

  test("files, commits and numbers are those of the branch", async () => {
    const { client, github, repo } = await withBranch();
    await github.as("ann").on(repo).pushes("fix", { "README.md": null, "src/new.txt": "a\nb\n" });
    const octokit = await client();
    const pull_number = (await octokit.rest.pulls.create({ ...SHOP, head: "fix", base: "main", title: "Fix" })).data
      .number;
    expect((await octokit.rest.pulls.get({ ...SHOP, pull_number })).data).toMatchObject({
      commits: 2,
      additions: 3,
      deletions: 2,
      changed_files: 3,
    });
    const files = (await octokit.rest.pulls.listFiles({ ...SHOP, pull_number })).data;
    expect(files.map((file) => [file.filename, file.status])).toEqual([
      ["README.md", "removed"],
      ["src/new.txt", "added"],
      ["src/price.txt", "modified"],
    ]);
    expect(files[2]?.patch).toMatch(/^@@ .*\n.*-2\n\+20\n/s);
    expect((await octokit.rest.pulls.listCommits({ ...SHOP, pull_number })).data).toHaveLength(2);
    github.assertClean();
  });

  test("a review is asked of collaborators, never of the author or of strangers", async () => {
    const { client, github, repo, arrived } = await withBranch();
    const octokit = await client();
    const pull_number = (await octokit.rest.pulls.create({ ...SHOP, head: "fix", base: "main", title: "Fix" })).data
      .number;
    const ask = (number: number, login: string) =>
      octokit.rest.pulls.requestReviewers({ ...SHOP, pull_number: number, reviewers: [login] });
    expect((await ask(pull_number, "ann")).data.requested_reviewers?.map((one) => one.login)).toEqual(["ann"]);
    expect(await refusal(ask(pull_number, "stranger"))).toMatchObject({
      status: 422,
      message: expect.stringContaining("only be requested from collaborators"),
    });
    const hers = await github.as("ann").on(repo).opensPullRequest({ head: "fix", base: "other", title: "Mine" });
    expect(await refusal(ask(hers, "ann"))).toMatchObject({
      status: 422,
      message: expect.stringContaining("pull request author"),
    });
    expect(await arrived()).toContain("pull_request.review_requested");
    github.assertClean();
  });
});

describe("whether it can be merged", () => {
  test("is not known at first, then it is, and after each push it is unknown again", async () => {
    const { client, github, repo } = await withBranch();
    const octokit = await client();
    const pull_number = (await octokit.rest.pulls.create({ ...SHOP, head: "fix", base: "main", title: "Fix" })).data
      .number;
    const state = async () => {
      const { mergeable, mergeable_state } = (await octokit.rest.pulls.get({ ...SHOP, pull_number })).data;
      return [mergeable, mergeable_state];
    };
    expect(await state()).toEqual([null, "unknown"]);
    expect(await state()).toEqual([true, "clean"]);
    await github.as("ann").on(repo).pushes("fix", { "b.txt": "1" });
    expect(await state()).toEqual([null, "unknown"]);
    expect(await state()).toEqual([true, "clean"]);
    github.assertClean();
  });

  test("a base that moved makes a conflict, and no event says so", async () => {
    const { client, github, repo, arrived } = await withBranch();
    const octokit = await client();
    const ann = github.as("ann").on(repo);
    const pull_number = await ann.opensPullRequest({ head: "fix", title: "Fix" });
    await ann.pushes("main", { "src/price.txt": "1\n200\n3\n" });
    expect((await arrived()).slice(-2)).toEqual(["pull_request.opened", "push"]);
    await octokit.rest.pulls.get({ ...SHOP, pull_number });
    const { data } = await octokit.rest.pulls.get({ ...SHOP, pull_number });
    expect([data.mergeable, data.mergeable_state]).toEqual([false, "dirty"]);
    expect(await refusal(octokit.rest.pulls.merge({ ...SHOP, pull_number }))).toMatchObject({
      status: 405,
      message: "Pull Request is not mergeable",
    });
    github.assertClean();
  });

  test("a failed check of somebody else's makes it unstable", async () => {
    const { client, github, repo } = await withBranch();
    const pull_number = await github.as("ann").on(repo).opensPullRequest({ head: "fix", title: "Fix" });
    const sha = github.pullRequests(repo)[0]?.headSha ?? "";
    await github.ci(repo).completes(sha, { name: "test", conclusion: "failure" });
    const octokit = await client();
    await octokit.rest.pulls.get({ ...SHOP, pull_number });
    expect((await octokit.rest.pulls.get({ ...SHOP, pull_number })).data.mergeable_state).toBe("unstable");
    github.assertClean();
  });
});

describe("merging", () => {
  test("makes a real commit, moves the base and closes the issue the pull request names", async () => {
    const { github, repo, arrived, received } = await withBranch();
    const issue = await repo.openIssue({ as: "rita", title: "Bug" });
    const ann = github.as("ann").on(repo);
    const number = await ann.opensPullRequest({ head: "fix", title: "Fix", body: `Closes #${issue}` });
    await github.settled();
    received.length = 0;
    const sha = await ann.merges(number);
    expect((await github.branches(repo)).main).toBe(sha);
    expect((await arrived()).sort()).toEqual(["issues.closed", "pull_request.closed", "push"]);
    const closed = received.find((webhook) => webhook.name === "pull_request.closed");
    expect(closed?.payload.pull_request).toMatchObject({
      merged: true,
      merge_commit_sha: sha,
      merged_by: { login: "ann" },
    });
    expect(github.issue(repo, issue).state).toBe("closed");
    expect(github.pullRequests(repo)[0]).toMatchObject({ merged: true, state: "closed" });
    github.assertClean();
  });

  test("into another branch leaves the issue open", async () => {
    const { github, repo } = await withBranch();
    const issue = await repo.openIssue({ as: "rita", title: "Bug" });
    const ann = github.as("ann").on(repo);
    await ann.merges(await ann.opensPullRequest({ head: "fix", base: "other", title: "Fix", body: `Fixes #${issue}` }));
    expect(github.issue(repo, issue).state).toBe("open");
  });

  test("by pushing its commits to the base counts as well", async () => {
    const { github, repo } = await withBranch();
    const ann = github.as("ann").on(repo);
    await ann.opensPullRequest({ head: "fix", title: "Fix" });
    const headSha = github.pullRequests(repo)[0]?.headSha ?? "";
    await ann.pushes("main", { "c.txt": "1" }, { message: "On top", from: headSha });
    expect(github.pullRequests(repo)[0]).toMatchObject({ merged: true, state: "closed" });
  });

  test("a head that moved meanwhile is a conflict of its own, and squashing gives one parent", async () => {
    const { client, github, repo } = await withBranch();
    const octokit = await client();
    const pull_number = await github.as("ann").on(repo).opensPullRequest({ head: "fix", title: "Fix" });
    const stale = octokit.rest.pulls.merge({ ...SHOP, pull_number, sha: "1".repeat(40) });
    expect(await refusal(stale)).toMatchObject({ status: 409 });
    const { data } = await octokit.rest.pulls.merge({ ...SHOP, pull_number, merge_method: "squash" });
    expect((await octokit.rest.repos.getCommit({ ...SHOP, ref: data.sha })).data).toMatchObject({
      commit: { message: `Fix (#${pull_number})` },
      parents: [{}],
    });
    github.assertClean();
  });
});

describe("checks", () => {
  test("belong to a commit that exists, are found by it, and are told when they complete", async () => {
    const { client, github, repo, arrived, received } = await withBranch();
    const octokit = await client({ checks: "write", contents: "read" });
    const head_sha = (await github.branches(repo)).fix ?? "";
    const missing = octokit.rest.checks.create({ ...SHOP, name: "baton", head_sha: "1".repeat(40) });
    expect(await refusal(missing)).toMatchObject({ status: 422 });
    const order = { ...SHOP, name: "baton", head_sha, external_id: "run-1", status: "in_progress" as const };
    const { id } = (await octokit.rest.checks.create(order)).data;
    const output = { title: "Done", summary: "All well" };
    await octokit.rest.checks.update({ ...SHOP, check_run_id: id, conclusion: "neutral", output });
    await github.ci(repo).completes(head_sha, { name: "test", conclusion: "success" });
    const listed = (await octokit.rest.checks.listForRef({ ...SHOP, ref: "fix", app_id: github.app.id })).data;
    expect(listed.check_runs).toMatchObject([{ id, external_id: "run-1", status: "completed", conclusion: "neutral" }]);
    expect((await octokit.rest.checks.listForRef({ ...SHOP, ref: head_sha })).data.total_count).toBe(2);
    expect((await arrived()).filter((name) => name.startsWith("check_run"))).toEqual([
      "check_run.created",
      "check_run.completed",
      "check_run.created",
      "check_run.completed",
    ]);
    expect(received.at(-1)?.payload.sender).toMatchObject({ login: "github-actions[bot]" });
    expect(github.checks(repo, head_sha).map((check) => [check.app, check.title])).toEqual([
      ["baton", "Done"],
      ["github-actions", "test"],
    ]);
    github.assertClean();
  });

  test("of other apps cannot be changed", async () => {
    const { client, github, repo } = await withBranch();
    const head_sha = (await github.branches(repo)).fix ?? "";
    await github.ci(repo).completes(head_sha, { name: "test", conclusion: "failure" });
    const check_run_id = github.checks(repo)[0]?.id ?? 0;
    const change = (await client()).rest.checks.update({ ...SHOP, check_run_id, conclusion: "success" });
    expect(await refusal(change)).toMatchObject({ status: 403 });
  });
});

/** acme/shop with a branch `fix` that changes a price and a branch `other` at the start. */
async function withBranch(): Promise<Given> {
  const world = await given();
  const ann = world.github.as("ann").on(world.repo);
  const start = (await world.github.branches(world.repo)).main ?? "";
  await ann.pushes("other", { "other.txt": "1" }, { message: "Other", from: start });
  await ann.pushes("fix", { "src/price.txt": "1\n20\n3\n" }, { message: "Change a price" });
  return world;
}
