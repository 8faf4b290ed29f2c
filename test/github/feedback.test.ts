import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type At, createGitHub, type GitHub } from "../../src/github/index.ts";
import { type FakeGitHub, type FakeRepository, startFakeGitHub } from "../support/fake-github/index.ts";
import { failureOf, manualClock } from "./support.ts";

let directory: string;
let fake: FakeGitHub;
let repo: FakeRepository;
let github: GitHub;
let at: At;
/** The pull request of the app. */
let number: number;

const REPLIES = "POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "baton-feedback-"));
  fake = await startFakeGitHub({ directory });
  repo = await fake.createRepository({
    owner: "acme",
    name: "shop",
    private: true,
    files: { "price.txt": "1\n2\n3\n" },
    people: { ann: "write", rita: "read" },
  });
  const { id: appId, privateKeyPem: privateKey } = fake.app;
  // A clock that does not wait: what is paced is proven elsewhere.
  const { clock } = manualClock(Date.now());
  github = createGitHub({ appId, privateKey, host: fake.host, protocol: "http", clock });
  at = {
    repository: { id: repo.id, owner: repo.owner, name: repo.name },
    installationId: repo.installationId,
  };
  await ann().pushes("agent/issue-1", { "price.txt": "1\n20\n3\n", "new.txt": "a\nb\n" });
  const wanted = { title: "Fix prices", body: "", head: "agent/issue-1", base: "main", draft: false };
  number = (await github.createPullRequest(at, wanted)).number;
});

afterEach(async () => {
  try {
    fake.assertClean();
  } finally {
    await fake.close();
    await rm(directory, { recursive: true, force: true });
  }
});

const ann = () => fake.as("ann").on(repo);
const rabbit = () => fake.asBot("coderabbit[bot]").on(repo);
const on = (line: number, body: string) => ({ path: "price.txt", line, body });

/** What was asked of GitHub meanwhile, without the minting of tokens. */
async function asked<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly routes: readonly string[] }> {
  const before = fake.requests.length;
  const result = await work();
  const routes = fake.requests.slice(before).map((each) => each.route);
  return { result, routes: routes.filter((route) => !route.endsWith("/access_tokens")) };
}

const readWithCount = () => asked(() => github.readFeedback(at, number));

describe("reading the feedback on a pull request", () => {
  test("of ten threads, two reviews and a comment is one request", async () => {
    const lines = Array.from({ length: 10 }, (_, index) => on(2, `point ${index}`));
    await ann().reviews(number, { event: "REQUEST_CHANGES", body: "Ten things", comments: lines });
    await fake.as("rita").on(repo).reviews(number, { event: "APPROVE" });
    await ann().comments(number, "thanks!");
    const { result, routes } = await readWithCount();
    expect(routes).toEqual(["POST /graphql"]);
    expect(result.threads.map(({ comments }) => comments[0]?.body)).toEqual(lines.map(({ body }) => body));
    expect(result).toMatchObject({
      number,
      open: true,
      merged: false,
      draft: false,
      headRef: "agent/issue-1",
      headSha: fake.pullRequests(repo)[0]?.headSha,
      headRepositoryId: repo.id,
      baseRef: "main",
      author: { id: fake.app.botUserId, login: "baton[bot]", type: "Bot" },
      labels: [],
      reviews: [
        { state: "changes_requested", body: "Ten things", author: { login: "ann", type: "User" }, authorMayPush: true },
        { state: "approved", body: "", author: { login: "rita" }, authorMayPush: false },
      ],
      comments: [{ body: "thanks!", author: { login: "ann" }, minimized: false, lastEditedAt: undefined }],
      truncated: false,
    });
  });

  test("tells of each thread where it stands, what the reviewer saw, and who may push among those who wrote", async () => {
    const review = await rabbit().reviews(number, {
      event: "COMMENT",
      body: "<details>nitpicks</details>",
      comments: [on(2, "Why twenty?"), { path: "new.txt", line: 2, startLine: 1, body: "Both?" }],
    });
    const [first, second] = review.threads;
    await ann().reviews(number, { event: "COMMENT", comments: [{ path: "new.txt", body: "Needed?" }] });
    await fake
      .as("rita")
      .on(repo)
      .replies(number, first?.id ?? "", "I wonder too");
    const { id } = await ann().replies(number, first?.id ?? "", "Me as well");
    await ann().editsReviewComment(id, "Me as well!");
    await ann().resolves(second?.id ?? "");
    await ann().pushes("agent/issue-1", { "price.txt": "1\n21\n3\n" });
    const { threads, reviews, headSha } = await github.readFeedback(at, number);
    expect(headSha).toBe(fake.pullRequests(repo)[0]?.headSha);
    expect(threads).toMatchObject([
      {
        nodeId: first?.id,
        firstCommentId: first?.commentId,
        path: "price.txt",
        line: undefined,
        originalLine: 2,
        hunk: "@@ -1,3 +1,3 @@\n 1\n-2\n+20",
        wholeFile: false,
        outdated: true,
        resolved: false,
        comments: [
          {
            id: first?.commentId,
            author: { login: "coderabbit[bot]", type: "Bot" },
            ...{ reviewId: review.id, reviewState: "commented", state: "submitted", authorMayPush: false },
          },
          { author: { login: "rita" }, authorMayPush: false },
          {
            id,
            body: "Me as well!",
            author: { login: "ann" },
            editor: { login: "ann" },
            authorMayPush: true,
          },
        ],
      },
      { path: "new.txt", line: 2, startLine: 1, outdated: false, resolved: true },
      { path: "new.txt", line: undefined, originalLine: undefined, wholeFile: true, hunk: "", outdated: false },
    ]);
    expect(threads[0]?.comments[2]?.lastEditedAt).toBeGreaterThanOrEqual(threads[0]?.comments[2]?.createdAt ?? 0);
    // Answers come with reviews of their own, which have nothing to say.
    expect(reviews.map(({ body }) => body)).toEqual(["<details>nitpicks</details>", "", "", ""]);
  });

  test("sees dismissed reviews as dismissed, and pending ones not at all", async () => {
    const { id } = await ann().reviews(number, { event: "REQUEST_CHANGES", body: "No", comments: [on(2, "this")] });
    await ann().dismisses(id);
    await ann().reviews(number, { comments: [on(2, "a draft of a thought")] });
    const { reviews, threads } = await github.readFeedback(at, number);
    expect(reviews.map(({ state, body }) => [state, body])).toEqual([["dismissed", "No"]]);
    expect(threads.map(({ comments }) => comments.map(({ reviewState }) => reviewState))).toEqual([["dismissed"]]);
  });

  test("follows the pages of everything there is, and loses nothing and the order of nothing", async () => {
    const points = Array.from({ length: 230 }, (_, index) => on(2, `point ${index}`));
    const { threads } = await ann().silently.reviews(number, { event: "COMMENT", comments: points });
    // 22 long threads: one more than a query goes on reading at once, and one of them longer than 200.
    const answers = threads
      .slice(0, 22)
      .flatMap(({ id }, thread) =>
        Array.from({ length: thread === 0 ? 230 : 101 }, (_, index) => ({ inThread: id, body: `answer ${index}` })),
      );
    await ann().silently.reviews(number, { event: "COMMENT", comments: answers });
    for (let index = 0; index < 101; index += 1) await ann().silently.comments(number, `comment ${index}`);
    for (let index = 0; index < 120; index += 1)
      await ann().silently.reviews(number, { event: "COMMENT", body: `review ${index}` });
    const { result, routes } = await readWithCount();
    // Three pages of threads (reviews and comments ride along), then 20 + 2 long threads and the longest one once more.
    expect(routes).toHaveLength(3 + 2);
    expect(result.threads.map(({ comments }) => comments[0]?.body)).toEqual(points.map(({ body }) => body));
    expect(result.threads.map(({ firstCommentId }) => firstCommentId)).toEqual(threads.map((each) => each.commentId));
    const bodies = result.threads[0]?.comments.slice(1).map(({ body }) => body);
    expect(bodies).toEqual(Array.from({ length: 230 }, (_, index) => `answer ${index}`));
    expect(result.threads.slice(1, 22).every(({ comments }) => comments.length === 102)).toBe(true);
    expect(result.comments.map(({ body }) => body)).toEqual(Array.from({ length: 101 }, (_, n) => `comment ${n}`));
    expect(result.reviews.map(({ body }) => body).filter(Boolean)).toEqual(
      Array.from({ length: 120 }, (_, n) => `review ${n}`),
    );
    expect(result.truncated).toBe(false);
  });

  test.each([
    ["reviews", (body: string) => ann().silently.reviews(number, { event: "COMMENT", body })],
    ["comments", (body: string) => ann().silently.comments(number, body)],
  ] as const)("reads on when there is more of nothing but %s", async (list, write) => {
    const bodies = Array.from({ length: 101 }, (_, index) => `number ${index}`);
    for (const body of bodies) await write(body);
    const { result, routes } = await readWithCount();
    expect(result[list].map(({ body }) => body)).toEqual(bodies);
    expect(routes).toHaveLength(2);
  });

  test("is to be done again when a long thread was deleted meanwhile: the pull request is not gone", async () => {
    const { threads } = await ann().silently.reviews(number, {
      event: "COMMENT",
      comments: [on(2, "long"), on(2, "short")],
    });
    const answers = Array.from({ length: 100 }, () => ({ inThread: threads[0]?.id ?? "", body: "hm" }));
    await ann().silently.reviews(number, { event: "COMMENT", comments: answers });
    const only = ({ body }: { readonly body: unknown }) => JSON.stringify(body).includes("query ThreadComments");
    fake.faults.run({ route: "POST /graphql", only }, async () => {
      for (const { id } of fake.threads(repo, number)[0]?.comments ?? []) await ann().silently.deletesReviewComment(id);
    });
    expect(await failureOf(github.readFeedback(at, number))).toMatchObject({ code: "doubt" });
    const { threads: left } = await github.readFeedback(at, number);
    expect(left.map(({ comments }) => comments[0]?.body)).toEqual(["short"]);
  });

  test("stops at 2,000 threads and says so: the newest are there", async () => {
    const points = Array.from({ length: 2001 }, (_, index) => on(2, `point ${index}`));
    await ann().silently.reviews(number, { event: "COMMENT", comments: points });
    const { result, routes } = await readWithCount();
    expect(routes).toHaveLength(20);
    expect(result.truncated).toBe(true);
    expect(result.threads).toHaveLength(2000);
    expect(result.threads.at(-1)?.comments[0]?.body).toBe("point 2000");
  });

  test("tells a draft, a merged and a closed pull request apart, and an issue is none", async () => {
    await ann().convertsToDraft(number);
    await ann().labels(number, "agent");
    expect(await github.readFeedback(at, number)).toMatchObject({ draft: true, open: true, labels: ["agent"] });
    await ann().marksReady(number);
    await ann().closes(number);
    expect(await github.readFeedback(at, number)).toMatchObject({ draft: false, open: false, merged: false });
    await ann().reopens(number);
    await ann().merges(number);
    expect(await github.readFeedback(at, number)).toMatchObject({ open: false, merged: true });
    const issue = await repo.openIssue({ as: "ann", title: "Bug" });
    expect(await failureOf(github.readFeedback(at, issue))).toMatchObject({ code: "not_found" });
  });
});

test("a name or an id that leads to another repository gives nothing of it", async () => {
  const stall = await fake.createRepository({
    owner: "acme",
    name: "stall",
    files: { "a.txt": "1\n" },
    people: { ann: "write" },
  });
  const annThere = fake.as("ann").on(stall);
  await annThere.pushes("fix", { "a.txt": "2\n" });
  const there = await annThere.opensPullRequest({ head: "fix", title: "Fix" });
  const comments = [{ path: "a.txt", line: 1, body: "hm" }];
  const { threads } = await annThere.reviews(there, { event: "COMMENT", comments });
  const renamed = { ...at, repository: { ...at.repository, name: "stall" } };
  const thread = { pullRequest: there, nodeId: threads[0]?.id ?? "", firstCommentId: threads[0]?.commentId ?? 0 };
  expect((await failureOf(github.readFeedback(renamed, there))).code).toBe("not_found");
  expect((await failureOf(github.threadState(at, thread.nodeId))).code).toBe("not_found");
  expect((await failureOf(github.findReply(at, thread, "hm"))).code).toBe("not_found");
  expect(await github.resolveThread(at, thread.nodeId)).toBe("refused");
});

describe("answering in a thread", () => {
  test("adds one comment, which is found again by its marker among our own only", async () => {
    const thread = await oneThread();
    const marker = "<!-- baton answer 1 -->";
    await ann().replies(number, thread.nodeId, `${marker} copied by hand`);
    expect(await github.findReply(at, thread, marker)).toBeUndefined();
    const { id } = await github.replyInThread(at, thread, `Fixed in abc. ${marker}`);
    expect(await github.findReply(at, thread, marker)).toBe(id);
    expect(await github.findReply(at, thread, "<!-- baton answer 2 -->")).toBeUndefined();
    const [seen] = fake.threads(repo, number);
    expect(seen?.comments.map(({ author }) => author)).toEqual(["ann", "ann", "baton[bot]"]);
  });

  test("is not repeated when the answer was lost: it is there once, and reading back finds it", async () => {
    const thread = await oneThread();
    fake.faults.answer({ route: REPLIES, status: 502, when: "after" });
    expect((await failureOf(github.replyInThread(at, thread, "marked"))).code).toBe("doubt");
    const { result, routes } = await asked(() => github.findReply(at, thread, "marked"));
    expect(result).toBeTypeOf("number");
    expect(routes.filter((route) => route === "POST /graphql")).toHaveLength(1);
    expect(fake.threads(repo, number)[0]?.comments).toHaveLength(2);
    expect(fake.requests.filter(({ route }) => route === REPLIES)).toHaveLength(1);
  });

  test("is found again although a hundred others were written after it", async () => {
    const thread = await oneThread();
    const { id } = await github.replyInThread(at, thread, "marked");
    for (let index = 0; index < 101; index += 1) await ann().silently.replies(number, thread.nodeId, "and then");
    expect(await github.findReply(at, thread, "marked")).toBe(id);
    fake.threads(repo, number);
  });

  test("fails when the thread is gone, and nothing of ours is found in it", async () => {
    const thread = await oneThread();
    await ann().deletesReviewComment(thread.firstCommentId);
    expect(await failureOf(github.replyInThread(at, thread, "too late"))).toMatchObject({ code: "not_found" });
    expect(await github.findReply(at, thread, "too late")).toBeUndefined();
    expect(await github.threadState(at, thread.nodeId)).toEqual({ kind: "gone" });
    expect(await github.resolveThread(at, thread.nodeId)).toBe("gone");
  });

  test("a comment in a thread takes a reaction", async () => {
    const thread = await oneThread();
    await github.react(at, { reviewComment: thread.firstCommentId }, "eyes");
    await github.react(at, { reviewComment: thread.firstCommentId }, "eyes");
    expect(fake.threads(repo, number)[0]?.comments[0]?.reactions).toEqual({ eyes: ["baton[bot]"] });
  });
});

describe("resolving a thread", () => {
  test("is one request with a token for that step, and once more it changes nothing", async () => {
    const thread = await oneThread();
    expect(await github.threadState(at, thread.nodeId)).toEqual({
      kind: "found",
      resolved: false,
      outdated: false,
      line: 2,
    });
    const { result, routes } = await asked(() => github.resolveThread(at, thread.nodeId));
    expect([result, routes]).toEqual(["resolved", ["POST /graphql"]]);
    expect(fake.requests.at(-1)?.token).toEqual({
      kind: "installation",
      permissions: { metadata: "read", contents: "write", pull_requests: "write" },
      repositories: ["acme/shop"],
    });
    expect(fake.threads(repo, number)[0]?.resolvedBy).toBe("baton[bot]");
    expect(await github.resolveThread(at, thread.nodeId)).toBe("resolved");
    expect(await github.threadState(at, thread.nodeId)).toMatchObject({ resolved: true });
  });

  test("that GitHub refuses is an answer, not a failure", async () => {
    const thread = await oneThread();
    const forbidden = { type: "FORBIDDEN", message: "Resource not accessible by integration" };
    fake.faults.answer({
      route: "POST /graphql",
      status: 200,
      body: { data: { resolveReviewThread: null }, errors: [forbidden] },
    });
    expect(await github.resolveThread(at, thread.nodeId)).toBe("refused");
    expect(fake.threads(repo, number)[0]?.resolvedBy).toBeUndefined();
  });

  test("with a permission that was never granted is refused before anything is asked", async () => {
    const thread = await oneThread();
    const granted: { permissions: object } = repo.state.world.installations[0] ?? { permissions: {} };
    granted.permissions = { ...granted.permissions, contents: "read" };
    const { result, routes } = await asked(() => github.resolveThread(at, thread.nodeId));
    expect([result, routes]).toEqual(["refused", []]);
  });

  test("of an app that was put on hold is a failure: it is about more than this thread", async () => {
    const thread = await oneThread();
    const route = "POST /app/installations/{installation_id}/access_tokens";
    fake.faults.answer({ route, status: 403, body: { message: "This installation has been suspended" } });
    expect(await failureOf(github.resolveThread(at, thread.nodeId))).toMatchObject({ code: "forbidden", status: 403 });
  });

  test.each([
    ["no answer that makes sense", { status: 502 }],
    ["an error without a name", { status: 200, body: { data: null, errors: [{ message: "Something went wrong" }] } }],
    [
      "another state than asked for",
      { status: 200, body: { data: { resolveReviewThread: { thread: { isResolved: false } } } } },
    ],
  ])("with %s is in doubt, and not repeated", async (_, answer) => {
    const thread = await oneThread();
    fake.faults.answer({ route: "POST /graphql", when: "after", ...answer });
    const { result, routes } = await asked(() => failureOf(github.resolveThread(at, thread.nodeId)));
    expect(result.code).toBe("doubt");
    expect(routes).toHaveLength(1);
    expect(await github.threadState(at, thread.nodeId)).toMatchObject({ resolved: true });
  });

  test("is held back while GitHub asked us to wait, and asks before it is sent", async () => {
    const thread = await oneThread();
    const beforeWrite = () => Promise.reject(new Error("somebody else has this now"));
    await expect(github.resolveThread({ ...at, beforeWrite }, thread.nodeId)).rejects.toThrow("somebody else");
    fake.faults.limitSecondary({ route: "POST /graphql", retryAfter: 30 });
    expect(await failureOf(github.resolveThread(at, thread.nodeId))).toMatchObject({ code: "rate_limited" });
    const { result, routes } = await asked(() => failureOf(github.resolveThread(at, thread.nodeId)));
    expect([result.code, routes]).toEqual(["rate_limited", []]);
    expect(fake.threads(repo, number)[0]?.resolvedBy).toBeUndefined();
  });
});

async function oneThread() {
  const { threads } = await ann().reviews(number, { event: "COMMENT", comments: [on(2, "Why twenty?")] });
  return { pullRequest: number, nodeId: threads[0]?.id ?? "", firstCommentId: threads[0]?.commentId ?? 0 };
}
