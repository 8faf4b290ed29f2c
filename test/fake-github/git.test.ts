import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clone, git, gitFailure, given, remoteWith } from "./given.ts";

describe("git over HTTP asks who you are", () => {
  test("nobody is asked for a password, a wrong one is refused", async () => {
    const { directory, repo } = await given({ private: false });
    expect(await gitFailure(directory, "ls-remote", repo.cloneUrl)).toMatch(
      /could not read Username|terminal prompts disabled/,
    );
    expect(await gitFailure(directory, "ls-remote", remoteWith(repo, "ghs_wrong"))).toContain("Authentication failed");
  });

  test("a repository outside the token is not there", async () => {
    const { directory, github, client } = await given();
    const vault = await github.createRepository({ owner: "acme", name: "vault", private: true });
    const { token } = await client();
    expect(await gitFailure(directory, "ls-remote", remoteWith(vault, token))).toContain("not found");
  });

  test("reading needs contents, pushing needs to write them", async () => {
    const world = await given();
    const blind = await world.client({ issues: "write" });
    expect(await gitFailure(world.directory, "ls-remote", remoteWith(world.repo, blind.token))).toContain("403");
    const reader = await world.client({ contents: "read" });
    const copy = await clone(world, reader.token);
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/heads/x")).toContain("403");
    expect(Object.keys(await world.github.branches(world.repo))).toEqual(["main"]);
  });

  test("people push with their own tokens", async () => {
    const world = await given();
    const copy = await clone(world, world.github.tokenFor("ann"));
    await commit(copy, { "a.txt": "1" });
    await git(copy, "push", "--quiet", "origin", "HEAD:main");
    expect(await world.arrived()).toEqual(["push"]);
    expect(world.received[0]?.payload).toMatchObject({
      sender: { login: "ann" },
      ref: "refs/heads/main",
      created: false,
      commits: [{ added: ["a.txt"] }],
    });
    await git(copy, "remote", "set-url", "origin", remoteWith(world.repo, world.github.tokenFor("rita")));
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/heads/x")).toContain("403");
    world.github.assertClean();
  });
});

describe("pushes have consequences", () => {
  test("a new branch and then a commit on a pull request's head are told, by the bot", async () => {
    const world = await given();
    const { client, github, received, arrived } = world;
    const octokit = await client();
    const copy = await clone(world, octokit.token);
    const first = await commit(copy, { "a.txt": "1" });
    await git(copy, "push", "--quiet", "origin", "HEAD:refs/heads/agent/issue-1");
    const order = { owner: "acme", repo: "shop", head: "agent/issue-1", base: "main", title: "Fix" };
    await octokit.rest.pulls.create(order);
    const second = await commit(copy, { "a.txt": "2" });
    await git(copy, "push", "--quiet", "origin", "HEAD:refs/heads/agent/issue-1");
    expect(await arrived()).toEqual(["push", "pull_request.opened", "push", "pull_request.synchronize"]);
    expect(received[3]?.payload).toMatchObject({
      before: first,
      after: second,
      sender: { login: "baton[bot]", type: "Bot" },
      pull_request: { head: { sha: second }, mergeable: null, commits: 2 },
    });
    expect(await git(copy, "ls-remote", "origin", "refs/pull/1/head")).toContain(second);
    github.assertClean();
  });

  test("a forced push says so, and a stale lease is refused by git itself", async () => {
    const world = await given();
    const { token } = await world.client();
    const copy = await clone(world, token);
    const first = await commit(copy, { "a.txt": "1" });
    await git(copy, "push", "--quiet", "origin", "HEAD:refs/heads/x");
    await git(copy, "commit", "--quiet", "--amend", "--message", "other");
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/heads/x")).toContain("rejected");
    expect(
      await gitFailure(copy, "push", `--force-with-lease=x:${"1".repeat(40)}`, "origin", "HEAD:refs/heads/x"),
    ).toContain("stale info");
    await git(copy, "push", "--quiet", `--force-with-lease=x:${first}`, "origin", "HEAD:refs/heads/x");
    await world.arrived();
    expect(world.received.map(({ payload }) => payload.forced)).toEqual([false, true]);
  });

  test("more than three tags at once are told to nobody", async () => {
    const world = await given();
    const copy = await clone(world, (await world.client()).token);
    for (const tag of ["v1", "v2", "v3"]) await git(copy, "tag", tag);
    await git(copy, "push", "--quiet", "--tags");
    for (const tag of ["v4", "v5", "v6", "v7"]) await git(copy, "tag", tag);
    await git(copy, "push", "--quiet", "--tags");
    expect(await world.arrived()).toEqual(["push", "push", "push"]);
  });

  test("deleting its branch closes a pull request", async () => {
    const { github, repo, arrived } = await given();
    const ann = github.as("ann").on(repo);
    await ann.pushes("x", { "a.txt": "1" });
    await ann.opensPullRequest({ head: "x", title: "X" });
    await ann.deletesBranch("x");
    expect(await arrived()).toEqual(["push", "pull_request.opened", "push", "pull_request.closed"]);
    github.assertClean();
  });

  test("a branch in the way makes a push fail", async () => {
    const world = await given();
    await world.github.as("ann").on(world.repo).pushes("agent", { "a.txt": "1" });
    const copy = await clone(world, (await world.client()).token);
    await commit(copy, { "b.txt": "1" });
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/heads/agent/issue-1")).toMatch(
      /cannot lock ref|directory file conflict/,
    );
  });

  test("an app cannot push workflows, people can; nobody writes GitHub's own refs", async () => {
    const world = await given();
    const copy = await clone(world, (await world.client()).token);
    await commit(copy, { ".github/workflows/ci.yml": "on: push\n" });
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/heads/x")).toContain(
      "refusing to allow a GitHub App to create or update workflow",
    );
    await git(copy, "remote", "set-url", "origin", remoteWith(world.repo, world.github.tokenFor("ann")));
    await git(copy, "push", "--quiet", "origin", "HEAD:main");
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/pull/1/head")).toContain("hidden ref");
    await git(copy, "remote", "set-url", "origin", remoteWith(world.repo, (await world.client()).token));
    await commit(copy, { "a.txt": "on top of somebody's workflow" });
    await git(copy, "push", "--quiet", "origin", "HEAD:refs/heads/x");
  });

  test("a push too large for one piece arrives whole", async () => {
    const world = await given();
    const copy = await clone(world, (await world.client()).token);
    const sha = await commit(copy, { "noise.bin": randomBytes(3_000_000) });
    await git(copy, "push", "--quiet", "origin", "HEAD:refs/heads/big");
    expect((await world.github.branches(world.repo)).big).toBe(sha);
  });

  test("pushes at one time do not get in each other's way", async () => {
    const world = await given();
    const copy = await clone(world, (await world.client()).token);
    await commit(copy, { "a.txt": "1" });
    await Promise.all(["a", "b", "c"].map((name) => git(copy, "push", "--quiet", "origin", `HEAD:refs/heads/${name}`)));
    expect(await world.arrived()).toEqual(["push", "push", "push"]);
    expect(new Set(world.received.map(({ payload }) => payload.ref)).size).toBe(3);
  });
});

async function commit(directory: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, ".."), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  await git(directory, "add", "--all");
  await git(directory, "commit", "--quiet", "--message", `Change ${Object.keys(files).join(", ")}`);
  return git(directory, "rev-parse", "HEAD");
}
