import nock from "nock";
import { describe, expect, test } from "vitest";
import { api, appId, failureOf, githubWith, minting, onlyAnnouncedCalls, shop } from "./support.ts";

onlyAnnouncedCalls();

const sha = "a".repeat(40);
const branch = "agent/issue-7";

function pull(number: number, fields: object = {}) {
  const head = { ref: branch, sha, repo: { id: 812 } };
  const base = { ref: "main", repo: { id: 812 } };
  return { number, state: "open", draft: false, merged_at: null, head, base, ...fields };
}

describe("our pull request", () => {
  const listed = (pulls: object[]) =>
    nock(api)
      .get("/repos/acme/shop/pulls")
      .query({ head: `acme:${branch}`, state: "all", sort: "created", direction: "desc", page: 1, per_page: 100 })
      .reply(200, pulls);

  test("is found by its branch", async () => {
    minting();
    listed([pull(12)]);
    expect(await githubWith().findPullRequest(shop, branch)).toEqual({
      number: 12,
      state: "open",
      merged: false,
      headSha: sha,
      base: "main",
      draft: false,
    });
  });

  test("is never one from a fork, from a deleted fork, or of another branch", async () => {
    minting();
    const head = { ref: branch, sha };
    const fork = pull(13, { head: { ...head, repo: { id: 900 } } });
    const gone = pull(14, { head: { ...head, repo: null } });
    const other = pull(15, { head: { ref: "main", sha, repo: { id: 812 } } });
    listed([fork, gone, other]);
    expect(await githubWith().findPullRequest(shop, branch)).toBeUndefined();
  });

  test("is the open one, else the newest", async () => {
    minting();
    const closed = (number: number, merged_at: string | null) => pull(number, { state: "closed", merged_at });
    listed([closed(16, null), pull(15), closed(14, null)]);
    listed([closed(16, "2026-03-01T10:00:00Z"), closed(14, null)]);
    const github = githubWith();
    expect(await github.findPullRequest(shop, branch)).toMatchObject({ number: 15, state: "open" });
    expect(await github.findPullRequest(shop, branch)).toMatchObject({ number: 16, state: "closed", merged: true });
  });

  test("is opened from a branch of the same repository", async () => {
    minting();
    const wanted = { title: "Fix prices", body: "Closes #7", head: branch, base: "main", draft: true };
    nock(api)
      .post("/repos/acme/shop/pulls", wanted)
      .reply(201, pull(12, { draft: true }));
    expect(await githubWith().createPullRequest(shop, wanted)).toEqual({ number: 12, headSha: sha, draft: true });
  });

  test("that exists already is not opened again", async () => {
    minting();
    const errors = [{ code: "custom", message: `A pull request already exists for acme:${branch}.` }];
    nock(api).post("/repos/acme/shop/pulls").reply(422, { message: "Validation Failed", errors });
    const wanted = { title: "Fix prices", body: "", head: branch, base: "main", draft: false };
    expect((await failureOf(githubWith().createPullRequest(shop, wanted))).code).toBe("exists");
  });
});

describe("asking for a review", () => {
  const reviewers = "/repos/acme/shop/pulls/12/requested_reviewers";

  test("reaches a collaborator", async () => {
    minting();
    nock(api)
      .post(reviewers, { reviewers: ["ann"] })
      .reply(201, { number: 12 });
    expect(await githubWith().requestReview(shop, 12, "ann")).toBe("requested");
  });

  test("is not possible with the author or with somebody outside", async () => {
    minting();
    nock(api).post(reviewers).reply(422, { message: "Reviews may only be requested from collaborators." });
    expect(await githubWith().requestReview(shop, 12, "rita")).toBe("not_possible");
  });

  test("that fails for another reason is a failure", async () => {
    minting();
    nock(api).post(reviewers).reply(503, { message: "try later" });
    expect((await failureOf(githubWith().requestReview(shop, 12, "ann"))).code).toBe("doubt");
  });
});

describe("our check", () => {
  const key = { name: "baton", externalId: "run-1" };
  const run = (id: number, fields: object = {}) => ({
    ...{ id, name: "baton", head_sha: sha, external_id: "run-1", conclusion: "success", app: { id: appId } },
    ...fields,
  });
  const listed = (check_runs: object[]) =>
    nock(api)
      .get(`/repos/acme/shop/commits/${sha}/check-runs`)
      .query({ check_name: "baton", app_id: appId, filter: "all", page: 1, per_page: 100 })
      .reply(200, { total_count: check_runs.length, check_runs });

  test("is found by our key, among our own only", async () => {
    minting();
    listed([run(1, { app: { id: 1 } }), run(2, { external_id: "run-0" }), run(4294967300)]);
    expect(await githubWith().findCheck(shop, sha, key)).toEqual({ id: 4294967300, conclusion: "success" });
  });

  test("is not found where there is none", async () => {
    minting();
    listed([run(1, { head_sha: "b".repeat(40) })]);
    expect(await githubWith().findCheck(shop, sha, key)).toBeUndefined();
  });

  test("is written completed, and can be rewritten", async () => {
    minting();
    const report = { conclusion: "failure", title: "Red", summary: "It failed.", text: "tail" } as const;
    const output = { title: "Red", summary: "It failed.", text: "tail" };
    const first = {
      name: "baton",
      head_sha: sha,
      external_id: "run-1",
      status: "completed",
      conclusion: "failure",
      output,
    };
    nock(api).post("/repos/acme/shop/check-runs", first).reply(201, { id: 31 });
    const second = { status: "completed", conclusion: "failure", output, details_url: "https://baton.test/run-1" };
    nock(api).patch("/repos/acme/shop/check-runs/31", second).reply(200, { id: 31 });
    const github = githubWith();
    const { id } = await github.createCheck(shop, { ...key, headSha: sha, ...report });
    await github.updateCheck(shop, id, { ...report, detailsUrl: "https://baton.test/run-1" });
  });
});
