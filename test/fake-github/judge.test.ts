import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { WEBHOOKS } from "../../scripts/github-schemas/wanted.ts";
import { judgeWebhook } from "../support/fake-github/judge/judge.ts";
import { given, refusal, SHOP } from "./given.ts";

describe("GitHub's own schemas judge the stand-in", () => {
  test("an answer that GitHub would not give is caught with its route and path", async () => {
    const { github, repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const issue = repo.state.issues[0];
    if (issue !== undefined) issue.title = 42 as unknown as string;
    await (await client()).rest.issues.get({ ...SHOP, issue_number });
    expect(github.problems()).toEqual([
      "the stand-in's answer 200 to GET /repos/{owner}/{repo}/issues/{issue_number} violates GitHub's schema: /title: must be string",
    ]);
    expect(() => github.assertClean()).toThrow("must be string");
  });

  test("a webhook that GitHub would not send is caught", async () => {
    const { github, repo } = await given();
    const number = await repo.openIssue({ as: "ann", title: "Bug" });
    const issue = repo.state.issues[0];
    if (issue !== undefined) issue.title = 42 as unknown as string;
    await github.as("ann").on(repo).labels(number, "agent");
    expect(github.problems()).toEqual([
      expect.stringMatching(/webhook issues\.labeled violates GitHub's schema: \/issue\/title/),
    ]);
  });

  test.each(WEBHOOKS.filter((name) => name !== "ping"))(
    "an empty %s is refused: no schema is a blank cheque",
    (name) => {
      const event = ["issues", "push", "status", "ping"].find((word) => name === word || name.startsWith(`${word}-`));
      const known = [
        "check-run",
        "installation-repositories",
        "installation",
        "issue-comment",
        "pull-request-review-comment",
        "pull-request-review-thread",
        "pull-request-review",
        "pull-request",
        "repository",
      ];
      const found = event ?? known.find((word) => name.startsWith(`${word}-`)) ?? "";
      const action = name === found ? undefined : name.slice(found.length + 1).replaceAll("-", "_");
      expect(judgeWebhook(found, action, {}).join()).toContain("must have required property");
    },
  );
});

describe("GitHub's own schemas judge us", () => {
  test("a route GitHub does not have is 404 and a problem", async () => {
    const { github, client } = await given();
    expect(await refusal((await client()).request("GET /repos/acme/shop/feelings"))).toMatchObject({ status: 404 });
    expect(github.problems()).toEqual(["GitHub has no such route: GET /repos/acme/shop/feelings"]);
  });

  test("a route that only the stand-in lacks is 501 and says so", async () => {
    const { github, client } = await given();
    expect(await refusal((await client()).rest.repos.listForks(SHOP))).toMatchObject({ status: 501 });
    expect(github.problems()).toEqual(["the stand-in lacks GET /repos/{owner}/{repo}/forks"]);
  });

  test.each([
    [
      "a field of the wrong type",
      { body: 7 },
      "request POST /repos/{owner}/{repo}/issues/{issue_number}/comments: body /body: must be string",
    ],
    [
      "a field GitHub does not know",
      { body: "x", colour: "red" },
      "request POST /repos/{owner}/{repo}/issues/{issue_number}/comments: body /colour: GitHub has no such field",
    ],
  ])("%s in a request is a problem", async (_, body, problem) => {
    const { github, client, repo } = await given();
    await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    await octokit.request("POST /repos/acme/shop/issues/1/comments", body).catch(() => {});
    expect(github.problems()).toEqual([problem]);
  });

  test("a parameter GitHub does not know or take is a problem", async () => {
    const { github, client } = await given();
    await (await client()).request("GET /repos/acme/shop/issues?state=sleepy&mood=good");
    expect(github.problems()).toEqual([
      expect.stringContaining("query /state: must be equal to one of the allowed values"),
      expect.stringContaining("query mood: GitHub has no such parameter"),
    ]);
  });

  test("a comment of the app's that no test looked at is a problem, again after every edit", async () => {
    const { github, client, repo } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    const { id } = (await octokit.rest.issues.createComment({ ...SHOP, issue_number, body: "first\nline" })).data;
    expect(() => github.assertClean()).toThrow("nobody looked at the app's comment on #1 of shop: first");
    github.conversation(repo, issue_number);
    github.assertClean();
    await octokit.rest.issues.updateComment({ ...SHOP, comment_id: id, body: "second" });
    expect(github.unreadComments()).toEqual(["#1 of shop: second"]);
  });
});

test("the repository can be asked for by its id, and the page links say so", async () => {
  const { github, client, repo } = await given();
  expect((await (await client()).request("GET /repositories/{id}", { id: repo.id })).data.full_name).toBe("acme/shop");
  expect(github.requests.at(-1)?.route).toBe("GET /repos/{owner}/{repo}");
  github.assertClean();
});

test("the committed fixtures stay small", () => {
  const size = ["rest.json", "webhooks.json", "schema.graphql"]
    .map((name) => readFileSync(new URL(`../fixtures/github/${name}`, import.meta.url)).length)
    .reduce((sum, one) => sum + one, 0);
  expect(size).toBeLessThan(1_000_000);
});
