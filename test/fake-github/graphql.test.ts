import { describe, expect, test } from "vitest";
import { type Given, given, SHOP } from "./given.ts";

const ISSUE = `query($number: Int!, $after: String) {
  rateLimit { cost remaining resetAt }
  repository(owner: "acme", name: "shop") {
    databaseId isPrivate defaultBranchRef { name }
    issue(number: $number) {
      id databaseId fullDatabaseId title body state createdAt lastEditedAt
      author { __typename login ... on User { databaseId } ... on Bot { databaseId } }
      editor { login }
      labels(first: 20) { nodes { name } }
      comments(first: 2, after: $after) {
        totalCount
        nodes { fullDatabaseId databaseId body author { __typename login } createdAt lastEditedAt editor { login } isMinimized }
        pageInfo { hasNextPage endCursor }
      }
      timelineItems(first: 50, itemTypes: [LABELED_EVENT, RENAMED_TITLE_EVENT]) {
        nodes {
          __typename
          ... on LabeledEvent { actor { login } createdAt label { name } }
          ... on RenamedTitleEvent { actor { login } previousTitle currentTitle }
        }
      }
      userContentEdits(first: 10) { nodes { editedAt editor { login } } }
    }
  }
}`;

describe("one query gives an issue with its history", () => {
  test("who wrote, edited, renamed and labelled, and when", async () => {
    let at = Date.parse("2026-01-01T00:00:00Z");
    const world = await given({ github: { clock: () => at } });
    const { github, repo, client } = world;
    const number = await repo.openIssue({ as: "rita", title: "Bug", body: "old" });
    at += 10_000;
    const ann = github.as("ann").on(repo);
    await ann.editsIssue(number, { title: "Worse bug", body: "new" });
    await ann.labels(number, "agent");
    for (const text of ["one", "two"]) await ann.comments(number, text);
    const hidden = await ann.comments(number, "three");
    await ann.minimizesComment(hidden.id);
    const octokit = await client({ issues: "write" });
    await octokit.rest.issues.createComment({ ...SHOP, issue_number: number, body: "status" });
    const { repository, rateLimit } = await octokit.graphql<Answer>(ISSUE, { number });
    expect(rateLimit.remaining).toBeGreaterThan(0);
    expect(repository).toMatchObject({ databaseId: repo.id, isPrivate: true, defaultBranchRef: { name: "main" } });
    expect(repository.issue).toMatchObject({
      title: "Worse bug",
      body: "new",
      author: { __typename: "User", login: "rita" },
      editor: { login: "ann" },
      createdAt: "2026-01-01T00:00:00Z",
      lastEditedAt: "2026-01-01T00:00:10Z",
      labels: { nodes: [{ name: "agent" }] },
      timelineItems: {
        nodes: [
          { __typename: "RenamedTitleEvent", actor: { login: "ann" }, previousTitle: "Bug", currentTitle: "Worse bug" },
          { __typename: "LabeledEvent", actor: { login: "ann" }, label: { name: "agent" } },
        ],
      },
      userContentEdits: {
        nodes: [
          { editedAt: "2026-01-01T00:00:10Z", editor: { login: "ann" } },
          { editedAt: "2026-01-01T00:00:00Z", editor: { login: "rita" } },
        ],
      },
    });
    const { comments } = repository.issue;
    expect(comments).toMatchObject({
      totalCount: 4,
      nodes: [{ body: "one" }, { body: "two" }],
      pageInfo: { hasNextPage: true },
    });
    const next = await octokit.graphql<Answer>(ISSUE, { number, after: comments.pageInfo.endCursor });
    expect(next.repository.issue.comments).toMatchObject({
      nodes: [
        { body: "three", isMinimized: true },
        { body: "status", author: { __typename: "Bot", login: "baton" } },
      ],
      pageInfo: { hasNextPage: false },
    });
    expect(github.problems()).toEqual([]);
  });

  test("an id over 32 bits is null in databaseId and whole in fullDatabaseId", async () => {
    const { repo, client } = await given();
    const number = await repo.openIssue({ as: "rita", title: "Bug" });
    const octokit = await client({ issues: "read" });
    const { id } = (await octokit.rest.issues.get({ ...SHOP, issue_number: number })).data;
    const { issue } = (await octokit.graphql<Answer>(ISSUE, { number })).repository;
    expect([issue.databaseId, issue.fullDatabaseId]).toEqual([null, String(id)]);
  });

  test("objects are found again by their global ids", async () => {
    const { repo, client, github } = await given();
    const number = await repo.openIssue({ as: "rita", title: "Bug" });
    const comment = await github.as("ann").on(repo).comments(number, "hello");
    const octokit = await client({ issues: "read" });
    const rest = (await octokit.rest.issues.getComment({ ...SHOP, comment_id: comment.id })).data;
    const query = "query($id: ID!) { node(id: $id) { __typename ... on IssueComment { body fullDatabaseId } } }";
    const found = await octokit.graphql(query, { id: rest.node_id });
    expect(found).toEqual({ node: { __typename: "IssueComment", body: "hello", fullDatabaseId: String(comment.id) } });
    github.assertClean();
  });

  test("a pull request says what REST says", async () => {
    const { repo, client, github } = await given();
    const ann = github.as("ann").on(repo);
    const sha = await ann.pushes("fix", { "a.txt": "1" });
    const number = await ann.opensPullRequest({ head: "fix", title: "Fix", draft: true });
    const query = `query($number: Int!) { repository(owner: "acme", name: "shop") {
      pullRequest(number: $number) { state isDraft merged mergeable headRefOid baseRefName additions author { login } }
    } }`;
    const octokit = await client({ pull_requests: "read" });
    const pullRequest = {
      state: "OPEN",
      isDraft: true,
      merged: false,
      mergeable: "UNKNOWN",
      headRefOid: sha,
      baseRefName: "main",
      additions: 1,
      author: { login: "ann" },
    };
    expect(await octokit.graphql(query, { number })).toEqual({ repository: { pullRequest } });
    expect(await octokit.graphql(query, { number })).toMatchObject({
      repository: { pullRequest: { mergeable: "MERGEABLE" } },
    });
    github.assertClean();
  });
});

describe("GraphQL refuses with a 200", () => {
  const query = (inner: string): string => `{ repository(owner: "acme", name: "shop") { ${inner} } }`;
  test.each([
    ["without the permission", { contents: "read" }, query("issue(number: 1) { title }"), "FORBIDDEN"],
    ["an issue that is not there", { issues: "read" }, query("issue(number: 9) { title }"), "NOT_FOUND"],
    ["a hidden repository", { issues: "read" }, '{ repository(owner: "acme", name: "vault") { id } }', "NOT_FOUND"],
    [
      "a list without a size",
      { issues: "read" },
      query("issue(number: 1) { comments { totalCount } }"),
      "MISSING_PAGINATION_BOUNDARIES",
    ],
    [
      "a page of 101",
      { issues: "read" },
      query("issue(number: 1) { comments(first: 101) { totalCount } }"),
      "EXCESSIVE_PAGINATION",
    ],
  ] as const)("%s", async (_, permissions, text, type) => {
    const { client, repo, github } = await given();
    await repo.openIssue({ as: "ann", title: "Bug" });
    await github.createRepository({ owner: "acme", name: "vault", private: true });
    expect((await graphqlErrors(await client(permissions), text))[0]).toMatchObject({ type });
    expect(github.problems()).toEqual([]);
  });

  test("a field GitHub does not have is our mistake, and noted", async () => {
    const { client, github } = await given();
    await graphqlErrors(await client(), query("issues(first: 1) { nodes { stateOfMind } }"));
    expect(github.problems()).toEqual([
      expect.stringMatching(/GitHub's GraphQL schema refuses the query: .*stateOfMind/),
    ]);
  });

  test("a field only the stand-in lacks is not quietly null", async () => {
    const { client, github } = await given();
    await graphqlErrors(await client(), query("stargazerCount"));
    expect(github.problems()).toEqual(["GraphQL: the stand-in lacks Repository.stargazerCount"]);
  });
});

interface Answer {
  readonly rateLimit: { readonly remaining: number };
  readonly repository: {
    readonly issue: {
      readonly databaseId: number | null;
      readonly fullDatabaseId: string;
      readonly comments: { readonly pageInfo: { readonly endCursor: string } };
    };
  };
}

/** The errors of an answer that was refused with a 200. */
async function graphqlErrors(octokit: Awaited<ReturnType<Given["client"]>>, text: string): Promise<readonly unknown[]> {
  const { status, data } = await octokit.request("POST /graphql", {
    query: text,
    baseUrl: new URL("/api", octokit.request.endpoint.DEFAULTS.baseUrl).href,
  });
  expect(status).toBe(200);
  return data.errors;
}
