import { readFileSync } from "node:fs";
import { buildSchema, parse, validate } from "graphql";
import { describe, expect, test } from "vitest";
import { createClient } from "../../src/github/client.ts";
import { issueFactsDocument, mutationDocuments, queryDocuments } from "../../src/github/queries.ts";
import { allowedRoutes, RouteRefused } from "../../src/github/routes.ts";
import { githubWith, minting, onlyAnnouncedCalls, shop } from "./support.ts";

onlyAnnouncedCalls();

const client = createClient({ host: undefined, protocol: undefined, requestTimeoutMs: 1000 });
const octokit = client.as("ghs_x");
const pull = { owner: "acme", repo: "shop", pull_number: 1 };

describe("the allow-list", () => {
  // Nothing is announced to nock: a request that got out would fail differently.
  test.each([
    ["approving a pull request", () => octokit.rest.pulls.createReview({ ...pull, event: "APPROVE" })],
    ["merging", () => octokit.rest.pulls.merge(pull)],
    ["deleting a repository", () => octokit.rest.repos.delete({ owner: "acme", repo: "shop" })],
    [
      "moving a branch",
      () => octokit.rest.git.updateRef({ owner: "acme", repo: "shop", ref: "heads/main", sha: "0".repeat(40) }),
    ],
    ["a full address", () => octokit.request("GET https://api.github.com/app")],
    ["another server", () => octokit.request("GET /app", { baseUrl: "https://evil.test" })],
    [
      "the right path with another method",
      () => octokit.request("DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}"),
    ],
    ["GraphQL that is not ours", () => octokit.request("POST /graphql", { query: "mutation { __typename }" })],
    ["GraphQL's other address", () => octokit.graphql(issueFactsDocument, { baseUrl: "https://evil.test" })],
    ["a repository called ..", () => octokit.rest.repos.get({ owner: "..", repo: "app" })],
  ])("%s is refused before anything is sent", async (_what, call) => {
    await expect(call()).rejects.toThrow(RouteRefused);
  });

  test("holds whoever is asking", async () => {
    await expect(client.anonymous.rest.apps.deleteInstallation({ installation_id: 1 })).rejects.toThrow(RouteRefused);
    await expect(client.anonymous.rest.meta.get()).rejects.toThrow(RouteRefused);
  });

  test("has no route that approves, merges or deletes", () => {
    expect(
      allowedRoutes.filter((route) => /^(DELETE|PUT) |\/(reviews|merges?|git\/refs|actions|hooks)\b/.test(route)),
    ).toEqual([]);
  });

  test("a refusal passes through the adapter as the programming error it is", async () => {
    minting();
    const place = { ...shop, repository: { ...shop.repository, owner: "..", name: ".." } };
    await expect(githubWith().createComment(place, 1, "x")).rejects.toThrow(RouteRefused);
  });
});

const published = new URL("../fixtures/github/", import.meta.url);

test("every allowed route is one that GitHub publishes", () => {
  const { operations } = JSON.parse(readFileSync(new URL("rest.json", published), "utf8"));
  const unknown = allowedRoutes.filter((route) => route !== "POST /graphql" && !(route in operations));
  expect(unknown).toEqual([]);
});

describe("our GraphQL documents", () => {
  const schema = buildSchema(readFileSync(new URL("schema.graphql", published), "utf8"), { assumeValidSDL: true });

  const valid = (document: string) => {
    const parsed = parse(document);
    expect(validate(schema, parsed).map(String)).toEqual([]);
    return parsed.definitions.flatMap((each) => (each.kind === "OperationDefinition" ? [each] : []));
  };

  test.each(queryDocuments)("read with what GitHub's schema accepts", (document) => {
    expect(valid(document).map((each) => each.operation)).toEqual(["query"]);
  });

  test("change nothing but whether a thread is resolved", () => {
    const [operation, ...others] = mutationDocuments.flatMap(valid);
    expect(others).toEqual([]);
    expect(operation?.operation).toBe("mutation");
    const fields = operation?.selectionSet.selections.map((each) =>
      each.kind === "Field" ? each.name.value : each.kind,
    );
    expect(fields).toEqual(["resolveReviewThread"]);
  });
});
