import { describe, expect, test } from "vitest";
import { clone, git, gitFailure, given, refusal, SHOP } from "./given.ts";

const COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";

describe("answers go wrong", () => {
  test("before the write nothing was written, after it everything was", async () => {
    const { github, repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    const write = (body: string) => octokit.rest.issues.createComment({ ...SHOP, issue_number, body });
    github.faults.answer({ route: COMMENT, status: 502 });
    expect(await refusal(write("never"))).toMatchObject({ status: 502 });
    github.faults.answer({ route: COMMENT, status: 502, when: "after" });
    expect(await refusal(write("written"))).toMatchObject({ status: 502 });
    await write("normal");
    expect(github.conversation(repo, issue_number).map((said) => said.body)).toEqual(["written", "normal"]);
    expect(github.requests.slice(-3).map(({ status, fault }) => [status, fault])).toEqual([
      [502, "answer before"],
      [502, "answer after"],
      [201, undefined],
    ]);
    github.assertClean();
  });

  test("the connection is cut before or after the write", async () => {
    const { github, repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    const write = (body: string) => octokit.rest.issues.createComment({ ...SHOP, issue_number, body });
    github.faults.hangUp({ route: COMMENT });
    await expect(write("never")).rejects.toThrow();
    github.faults.hangUp({ route: COMMENT, when: "after" });
    await expect(write("written")).rejects.toThrow();
    expect(github.conversation(repo, issue_number).map((said) => said.body)).toEqual(["written"]);
    expect(github.requests.at(-1)).toMatchObject({ status: 0, fault: "hang up after", body: { body: "written" } });
  });

  test("as often as planned, with the body and headers that were planned", async () => {
    const { github, client } = await given();
    const octokit = await client();
    github.faults.answer({
      route: "GET /repos/{owner}/{repo}",
      status: 200,
      body: "<html>",
      headers: { "content-type": "text/html" },
      times: 2,
    });
    expect((await octokit.rest.repos.get(SHOP)).data).toBe("<html>");
    expect((await octokit.rest.repos.get(SHOP)).headers["content-type"]).toBe("text/html");
    expect((await octokit.rest.repos.get(SHOP)).data.name).toBe("shop");
  });

  test("something can happen when a request comes, or when it was carried out, and it is answered as ever", async () => {
    const { github, repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const seen: number[] = [];
    const look = async () => void seen.push(github.conversation(repo, issue_number).length);
    github.faults.run({ route: COMMENT, when: "after", only: ({ path }) => path.includes("/999/") }, look);
    github.faults.run({ route: COMMENT }, look);
    github.faults.run({ route: COMMENT, when: "after" }, look);
    const octokit = await client();
    const write = (body: string) => octokit.rest.issues.createComment({ ...SHOP, issue_number, body });
    expect([(await write("one")).status, (await write("two")).status]).toEqual([201, 201]);
    expect(seen).toEqual([0, 2]);
    expect(() => github.assertClean()).toThrow("a planned fault met nothing: run");
    github.faults.clear();
    github.assertClean();
  });

  test("GraphQL can fail too", async () => {
    const { github, client } = await given();
    github.faults.answer({ route: "POST /graphql", status: 504 });
    expect(await refusal((await client()).graphql("{ rateLimit { cost } }"))).toMatchObject({ status: 504 });
  });

  test("too many writes are answered with the time to wait", async () => {
    const { github, repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    github.faults.limitSecondary({ route: COMMENT, retryAfter: 90 });
    const write = (await client()).rest.issues.createComment({ ...SHOP, issue_number, body: "x" });
    await expect(write).rejects.toMatchObject({ status: 403, response: { headers: { "retry-after": "90" } } });
  });

  test("every token can be made to expire at once", async () => {
    const { github, client } = await given();
    const octokit = await client();
    github.faults.expireTokens();
    expect(await refusal(octokit.rest.repos.get(SHOP))).toMatchObject({ status: 401 });
    expect((await (await client()).rest.repos.get(SHOP)).status).toBe(200);
  });

  test("a push can be lost before it was taken, or only its answer afterwards", async () => {
    const world = await given();
    const { github, repo } = world;
    const copy = await clone(world, (await world.client()).token);
    await git(copy, "commit", "--quiet", "--allow-empty", "--message", "x");
    github.faults.answer({ route: "GIT receive-pack", status: 502 });
    expect(await gitFailure(copy, "push", "origin", "HEAD:refs/heads/x")).toContain("502");
    expect(Object.keys(await github.branches(repo))).toEqual(["main"]);
    github.faults.hangUp({ route: "GIT receive-pack", when: "after" });
    await gitFailure(copy, "push", "origin", "HEAD:refs/heads/x");
    expect(Object.keys(await github.branches(repo))).toEqual(["main", "x"]);
    expect(await world.arrived()).toEqual(["push"]);
  });

  test("a fault that was planned and met nothing is reported: the test proved nothing", async () => {
    const { github } = await given();
    github.faults.answer({ route: COMMENT, status: 502, times: 2 });
    github.faults.drop({ event: "issues" });
    expect(() => github.assertClean()).toThrow(/drop issues\.\*[\s\S]*answer POST .*comments \(2 left\)/);
  });
});
