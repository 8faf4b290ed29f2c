import nock from "nock";
import { describe, expect, test } from "vitest";
import { api, failureOf, githubWith, minting, onlyAnnouncedCalls, shop } from "./support.ts";

onlyAnnouncedCalls();

const since = Date.parse("2026-03-01T10:00:00Z");
const query = { since: "2026-03-01T10:00:00.000Z", sort: "updated", direction: "asc", per_page: 100 };

describe("what changed in a repository", () => {
  test("is listed over all pages, issues and pull requests", async () => {
    minting();
    const link = '<https://api.github.com/repositories/812/issues?page=2>; rel="next"';
    const labels = [{ name: "agent" }, "bug", { name: null }];
    nock(api)
      .get("/repos/acme/shop/issues")
      .query({ ...query, state: "all", page: 1 })
      .reply(200, [{ number: 7, title: "Prices", state: "open", labels }], { link });
    nock(api)
      .get("/repos/acme/shop/issues")
      .query({ ...query, state: "all", page: 2 })
      .reply(200, [{ number: 8, title: "A fix", state: "closed", labels: [], pull_request: { url: "x" } }]);
    expect(await githubWith().listChangedIssues(shop, since)).toEqual([
      { number: 7, title: "Prices", state: "open", isPullRequest: false, labels: ["agent", "bug"] },
      { number: 8, title: "A fix", state: "closed", isPullRequest: true, labels: [] },
    ]);
  });

  test("has comments by people, apps, kinds of accounts that we do not know, and nobody", async () => {
    minting();
    const at = "2026-03-01T10:00:05Z";
    const comment = (id: number, changes: object) => ({
      id,
      node_id: `IC_${id}`,
      issue_url: "https://api.github.com/repos/acme/shop/issues/7",
      body: "Hello.",
      user: { id: 11, login: "ann", type: "User" },
      created_at: at,
      updated_at: at,
      ...changes,
    });
    nock(api)
      .get("/repos/acme/shop/issues/comments")
      .query({ ...query, page: 1 })
      .reply(200, [
        comment(5_000_000_001, { body: null, performed_via_github_app: { id: 4711 } }),
        comment(2, { user: { id: 12, login: "x", type: "Alien" } }),
        comment(3, { user: null }),
      ]);
    const base = { thread: 7, body: "Hello.", createdAt: Date.parse(at), updatedAt: Date.parse(at), appId: undefined };
    const ann = { id: 11, login: "ann", type: "User" };
    expect(await githubWith().listChangedComments(shop, since)).toEqual([
      { ...base, id: 5_000_000_001, node: "IC_5000000001", author: ann, body: "", appId: 4711 },
      { ...base, id: 2, node: "IC_2", author: undefined },
      { ...base, id: 3, node: "IC_3", author: undefined },
    ]);
  });
});

describe("an issue as it is now", () => {
  const answer = (issueOrPullRequest: object | null, databaseId = 812) =>
    nock(api)
      .post("/graphql")
      .reply(200, { data: { repository: { databaseId, issueOrPullRequest } } });
  const issue = {
    __typename: "Issue",
    title: "Prices",
    body: "",
    updatedAt: "2026-03-01T10:00:00Z",
    closed: true,
    closedAt: "2026-03-01T09:00:00Z",
    labels: { nodes: [{ name: "agent" }] },
    timelineItems: { nodes: [] },
  };

  test("may have been closed by an account that is gone", async () => {
    minting();
    answer({
      ...issue,
      timelineItems: { nodes: [{ __typename: "ClosedEvent", createdAt: issue.closedAt, actor: null }] },
    });
    expect(await githubWith().readThread(shop, 7)).toMatchObject({
      labels: ["agent"],
      closed: { at: Date.parse(issue.closedAt), actor: undefined },
    });
  });

  test("is not another repository's that took over the name", async () => {
    minting();
    answer(issue, 813);
    expect(await failureOf(githubWith().readThread(shop, 7))).toMatchObject({ code: "not_found" });
  });
});
