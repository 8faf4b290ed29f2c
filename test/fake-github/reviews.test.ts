import { describe, expect, test } from "vitest";
import { Refusal } from "../support/fake-github/index.ts";
import { type Given, given, refusal, SHOP } from "./given.ts";

describe("a review", () => {
  test("comes with all its comments at once, and each is told", async () => {
    const { github, repo, pull, ann, news } = await withPull();
    await github
      .as("rita")
      .on(repo)
      .requestsReview(pull, "ann")
      .catch(() => {});
    await github.as("tim").on(repo).comments(pull, "looking");
    await news();
    const review = await ann.reviews(pull, {
      event: "REQUEST_CHANGES",
      body: "Not yet",
      comments: [
        { path: "src/price.txt", line: 2, body: "Why twenty?" },
        { path: "src/new.txt", body: "Is this file needed?" },
        { path: "src/new.txt", line: 3, startLine: 2, body: "Both of these?" },
      ],
    });
    const told = await news();
    expect(told.map(({ name }) => name)).toEqual([
      "pull_request_review.submitted",
      "pull_request_review_comment.created",
      "pull_request_review_comment.created",
      "pull_request_review_comment.created",
    ]);
    expect(told[0]?.payload.review).toMatchObject({ id: review.id, state: "changes_requested", body: "Not yet" });
    expect(told[1]?.payload.comment).toMatchObject({
      path: "src/price.txt",
      line: 2,
      diff_hunk: "@@ -1,3 +1,3 @@\n 1\n-2\n+20",
      pull_request_review_id: review.id,
      subject_type: "line",
    });
    expect(told[2]?.payload.comment).toMatchObject({ line: null, subject_type: "file" });
    expect(told[3]?.payload.comment).toMatchObject({ line: 3, start_line: 2, original_start_line: 2 });
    expect(github.reviews(repo, pull)).toMatchObject([
      { author: "ann", state: "CHANGES_REQUESTED", body: "Not yet", commit: github.pullRequests(repo)[0]?.headSha },
    ]);
    expect(github.threads(repo, pull).map(({ path, line }) => [path, line])).toEqual([
      ["src/price.txt", 2],
      ["src/new.txt", undefined],
      ["src/new.txt", 3],
    ]);
    github.assertClean();
  });

  test("is upper case in REST, lower case in webhooks, and says nothing as an empty text there and null here", async () => {
    const { github, repo, pull, ann, client, news } = await withPull();
    await news();
    const { id } = await ann.reviews(pull, { event: "APPROVE" });
    expect((await news())[0]?.payload.review).toMatchObject({ state: "approved", body: null });
    const octokit = await client({ pull_requests: "read" });
    const { data } = await octokit.rest.pulls.getReview({ ...SHOP, pull_number: pull, review_id: id });
    expect(data).toMatchObject({ state: "APPROVED", body: "" });
    expect((await octokit.rest.pulls.listReviews({ ...SHOP, pull_number: pull })).data).toHaveLength(1);
    expect(github.reviews(repo, pull)).toHaveLength(1);
    github.assertClean();
  });

  test("of a bot is a bot's, also on a pull request of the app", async () => {
    const { github, repo, news, client } = await withPull();
    const octokit = await client();
    const order = { ...SHOP, head: "fix", base: "other", title: "Mine" };
    const pull = (await octokit.rest.pulls.create(order)).data.number;
    await news();
    const rabbit = github.asBot("coderabbit[bot]").on(repo);
    await rabbit.reviews(pull, { event: "COMMENT", body: "<details><summary>Nitpicks (2)</summary>…</details>" });
    const [told] = await news();
    expect(told?.payload.sender).toMatchObject({ login: "coderabbit[bot]", type: "Bot" });
    expect(told?.payload.review).toMatchObject({ state: "commented", user: { type: "Bot" } });
    github.assertClean();
  });

  test("can be edited, and taken back when it said yes or no", async () => {
    const { github, repo, pull, ann, news } = await withPull();
    const { id } = await ann.reviews(pull, { event: "APPROVE", body: "Fine" });
    const remark = await ann.reviews(pull, { event: "COMMENT", body: "By the way" });
    await news();
    await ann.editsReview(id, "Fine by me");
    await ann.editsReview(id, "Fine by me");
    await ann.dismisses(id);
    const told = await news();
    expect(told.map(({ name }) => name)).toEqual(["pull_request_review.edited", "pull_request_review.dismissed"]);
    expect(told[0]?.payload.changes).toEqual({ body: { from: "Fine" } });
    expect(told[1]?.payload.review).toMatchObject({ state: "dismissed" });
    await expect(ann.dismisses(remark.id)).rejects.toMatchObject({
      status: 422,
      errors: ["Can not dismiss a commented pull request review"],
    });
    expect(github.reviews(repo, pull).map(({ state }) => state)).toEqual(["DISMISSED", "COMMENTED"]);
    github.assertClean();
  });

  test("that is pending is its author's alone until it is submitted", async () => {
    const { github, repo, pull, ann, client, news } = await withPull();
    await news();
    const { id, threads } = await ann.reviews(pull, {
      comments: [{ path: "src/price.txt", line: 2, body: "Draft thought" }],
    });
    await ann.editsReviewComment(threads[0]?.commentId ?? 0, "Better thought");
    expect(await news()).toEqual([]);
    const octokit = await client();
    const seen = () => octokit.graphql<Threads>(THREADS, { number: pull });
    expect((await seen()).repository.pullRequest).toMatchObject({
      reviews: { totalCount: 0 },
      reviewThreads: { totalCount: 0 },
    });
    expect((await octokit.rest.pulls.listReviewComments({ ...SHOP, pull_number: pull })).data).toEqual([]);
    const hidden = octokit.graphql(RESOLVE, { id: threads[0]?.id });
    await expect(hidden).rejects.toMatchObject({ errors: [{ type: "NOT_FOUND" }] });
    await expect(github.as("tim").on(repo).submits(id, { event: "COMMENT" })).rejects.toThrow("Not Found");
    await ann.submits(id, { event: "COMMENT", body: "Here you are" });
    expect((await news()).map(({ name }) => name)).toEqual([
      "pull_request_review.submitted",
      "pull_request_review_comment.created",
    ]);
    expect((await seen()).repository.pullRequest).toMatchObject({
      reviews: { totalCount: 1 },
      reviewThreads: { nodes: [{ comments: { nodes: [{ body: "Better thought", state: "SUBMITTED" }] } }] },
    });
    await expect(ann.submits(id, { event: "APPROVE" })).rejects.toMatchObject({ status: 422 });
    github.assertClean();
  });

  test.each([
    ["an approval of one's own", { event: "APPROVE" }, "Can not approve your own pull request"],
    [
      "a request to oneself",
      { event: "REQUEST_CHANGES", body: "x" },
      "Can not request changes on your own pull request",
    ],
    ["nothing at all", { event: "COMMENT", body: " " }, "Could not submit an empty review"],
    [
      "a line that the diff does not show",
      { event: "COMMENT", comments: [{ path: "src/price.txt", line: 9, body: "x" }] },
      "pull_request_review_thread.line must be part of the diff: src/price.txt:9",
    ],
    [
      "a file that was not changed",
      { event: "COMMENT", comments: [{ path: "README.md", line: 1, body: "x" }] },
      "pull_request_review_thread.path diff: README.md:1",
    ],
  ] as const)("is refused with %s, and leaves nothing behind", async (_, order, sentence) => {
    const { github, repo, pull } = await withPull();
    const author = github.as("olga").on(repo);
    const failure = await author.reviews(pull, order).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Refusal);
    expect(failure).toMatchObject({ status: 422, errors: [sentence] });
    expect([github.reviews(repo, pull), github.threads(repo, pull)]).toEqual([[], []]);
  });

  test("answers the request for it, and can be asked for again", async () => {
    const { github, repo, pull, client, news } = await withPull();
    const octokit = await client();
    const ask = () => octokit.rest.pulls.requestReviewers({ ...SHOP, pull_number: pull, reviewers: ["ann"] });
    const asked = () => github.pullRequests(repo)[0]?.requestedReviewers;
    await ask();
    await news();
    await ask();
    expect(await news()).toEqual([]);
    await github.as("ann").on(repo).reviews(pull, { event: "COMMENT", body: "One thing" });
    expect(asked()).toEqual([]);
    await news();
    await ask();
    expect(asked()).toEqual(["ann"]);
    expect((await news()).map(({ name }) => name)).toEqual(["pull_request.review_requested"]);
    github.assertClean();
  });
});

describe("a thread", () => {
  test("is answered by people and by the app, each answer as a review of its own", async () => {
    const { github, repo, pull, ann, client, news } = await withThread();
    const [thread] = github.threads(repo, pull);
    const first = thread?.comments[0]?.id ?? 0;
    await news();
    const octokit = await client({ pull_requests: "write" });
    const reply = (comment_id: number) =>
      octokit.rest.pulls.createReplyForReviewComment({ ...SHOP, pull_number: pull, comment_id, body: "Fixed in abc" });
    const { data } = await reply(first);
    expect(data).toMatchObject({ in_reply_to_id: first, user: { login: "baton[bot]" }, path: "src/price.txt" });
    const told = await news();
    expect(told.map(({ name, payload }) => [name, payload.sender.login])).toEqual([
      ["pull_request_review.submitted", "baton[bot]"],
      ["pull_request_review_comment.created", "baton[bot]"],
    ]);
    expect(told[0]?.payload.review).toMatchObject({ state: "commented", body: null });
    await ann.replies(pull, first, "Thanks");
    await ann.replies(pull, thread?.id ?? "", "Really");
    expect(await refusal(reply(data.id))).toMatchObject({ status: 404 });
    expect(github.unreadComments()).toEqual([`#${pull} of shop: Fixed in abc`]);
    expect(github.threads(repo, pull)[0]?.comments.map(({ author, body }) => [author, body])).toEqual([
      ["ann", "Why twenty?"],
      ["baton[bot]", "Fixed in abc"],
      ["ann", "Thanks"],
      ["ann", "Really"],
    ]);
    expect(github.reviews(repo, pull).map(({ state, body }) => [state, body])).toEqual([
      ["COMMENTED", ""],
      ["COMMENTED", ""],
      ["COMMENTED", ""],
      ["COMMENTED", ""],
    ]);
    const newest = { ...SHOP, pull_number: pull, sort: "created", direction: "desc", per_page: 2 } as const;
    const page = (await octokit.rest.pulls.listReviewComments(newest)).data;
    expect(page.map(({ body }) => body)).toEqual(["Really", "Thanks"]);
    github.assertClean();
  });

  test("tells of edits and deletions, and is gone with its last comment", async () => {
    const { github, repo, pull, ann, news } = await withThread();
    const first = github.threads(repo, pull)[0]?.comments[0]?.id ?? 0;
    const { id } = await github.as("tim").on(repo).replies(pull, first, "Same question");
    await news();
    await expect(github.as("tim").on(repo).editsReviewComment(first, "mine now")).rejects.toThrow("this needs write");
    await ann.editsReviewComment(first, "Why not ten?");
    await ann.deletesReviewComment(id);
    await ann.deletesReviewComment(first);
    const told = await news();
    expect(told.map(({ name }) => name)).toEqual([
      "pull_request_review_comment.edited",
      "pull_request_review_comment.deleted",
      "pull_request_review_comment.deleted",
    ]);
    expect(told[0]?.payload.changes).toEqual({ body: { from: "Why twenty?" } });
    expect(github.threads(repo, pull)).toEqual([]);
    github.assertClean();
  });

  test("takes the app's reactions", async () => {
    const { github, repo, pull, client } = await withThread();
    const comment_id = github.threads(repo, pull)[0]?.comments[0]?.id ?? 0;
    const octokit = await client({ pull_requests: "write" });
    const react = () =>
      octokit.rest.reactions.createForPullRequestReviewComment({ ...SHOP, comment_id, content: "eyes" });
    expect([(await react()).status, (await react()).status]).toEqual([201, 200]);
    expect(github.threads(repo, pull)[0]?.comments[0]?.reactions).toEqual({ eyes: ["baton[bot]"] });
    github.assertClean();
  });

  test("silently changed is changed all the same", async () => {
    const { github, repo, pull, ann, news } = await withThread();
    await news();
    const [thread] = github.threads(repo, pull);
    await ann.silently.replies(pull, thread?.id ?? "", "psst");
    await ann.silently.resolves(thread?.id ?? "");
    await ann.silently.reviews(pull, { event: "APPROVE" });
    expect(await news()).toEqual([]);
    expect(github.threads(repo, pull)).toMatchObject([{ resolvedBy: "ann", comments: [{}, { body: "psst" }] }]);
    expect(github.reviews(repo, pull).at(-1)).toMatchObject({ state: "APPROVED" });
  });
});

describe("resolving a thread", () => {
  test("is for people with write access and for the author of the pull request", async () => {
    const { github, repo, pull, ann, news } = await withThread();
    const id = github.threads(repo, pull)[0]?.id ?? "";
    await news();
    await expect(github.as("tim").on(repo).resolves(id)).rejects.toThrow("this needs write");
    await github.as("olga").on(repo).resolves(id);
    await github.as("olga").on(repo).resolves(id);
    expect(github.threads(repo, pull)[0]?.resolvedBy).toBe("olga");
    await ann.unresolves(id);
    const told = await news();
    expect(told.map(({ name, payload }) => [name, payload.sender.login])).toEqual([
      ["pull_request_review_thread.resolved", "olga"],
      ["pull_request_review_thread.unresolved", "ann"],
    ]);
    expect(told[0]?.payload.thread).toMatchObject({ node_id: id, comments: [{ body: "Why twenty?" }] });
    github.assertClean();
  });

  test("is for apps that may write contents, and the others get GitHub's own words", async () => {
    const { github, repo, pull, client, news } = await withThread();
    const id = github.threads(repo, pull)[0]?.id ?? "";
    await news();
    const weak = await client({ pull_requests: "write", contents: "read" });
    await expect(weak.graphql(RESOLVE, { id })).rejects.toMatchObject({
      errors: [{ type: "FORBIDDEN", path: ["resolveReviewThread"], message: "Resource not accessible by integration" }],
    });
    expect(github.threads(repo, pull)[0]?.resolvedBy).toBeUndefined();
    const strong = await client({ pull_requests: "write", contents: "write" });
    expect(await strong.graphql(RESOLVE, { id })).toEqual({
      resolveReviewThread: { thread: { id, isResolved: true, viewerCanUnresolve: true } },
    });
    expect(await strong.graphql(UNRESOLVE, { id })).toMatchObject({
      unresolveReviewThread: { thread: { isResolved: false } },
    });
    const unknown = strong.graphql(RESOLVE, { id: "PRRT_nonsense" });
    await expect(unknown).rejects.toMatchObject({ errors: [{ type: "NOT_FOUND" }] });
    expect((await news()).map(({ name, payload }) => [name, payload.sender.login])).toEqual([
      ["pull_request_review_thread.resolved", "baton[bot]"],
      ["pull_request_review_thread.unresolved", "baton[bot]"],
    ]);
    github.assertClean();
  });
});

describe("a thread's line", () => {
  test("moves with what is pushed above it, is outdated when it changed, and comes back with its text", async () => {
    const { github, repo, pull, ann } = await withThread();
    const state = () => github.threads(repo, pull).map(({ line, outdated }) => [line, outdated]);
    expect(state()).toEqual([[2, false]]);
    await ann.pushes("fix", { "other/file.txt": "nothing to do with it" });
    expect(state()).toEqual([[2, false]]);
    await ann.pushes("fix", { "src/price.txt": "0\n1\n20\n3\n" });
    expect(state()).toEqual([[3, false]]);
    await ann.pushes("fix", { "src/price.txt": "1\n20\n2.5\n3\n" });
    expect(state()).toEqual([[2, false]]);
    await ann.pushes("fix", { "src/price.txt": "1\n21\n3\n" });
    expect(state()).toEqual([[undefined, true]]);
    await ann.pushes("fix", { "src/price.txt": "1\n20\n3\n" });
    expect(state()).toEqual([[2, false]]);
    await ann.pushes("fix", { "src/price.txt": null });
    expect(state()).toEqual([[undefined, true]]);
    github.assertClean();
  });

  test("is told by GraphQL as it is now and as it was, and left out of REST when it is gone", async () => {
    const { github, pull, ann, client } = await withThread();
    await ann.pushes("fix", { "src/price.txt": "1\n22\n3\n" });
    await ann.reviews(pull, {
      event: "COMMENT",
      comments: [
        { path: "src/price.txt", line: 2, body: "And now twenty-two?" },
        { path: "src/new.txt", body: "On the whole file" },
      ],
    });
    const octokit = await client({ pull_requests: "read" });
    const { nodes } = (await octokit.graphql<Threads>(THREADS, { number: pull })).repository.pullRequest.reviewThreads;
    const hunk = "@@ -1,3 +1,3 @@\n 1\n-2\n+";
    expect(nodes).toMatchObject([
      {
        isOutdated: true,
        line: null,
        originalLine: 2,
        subjectType: "LINE",
        comments: { nodes: [{ diffHunk: `${hunk}20`, outdated: true, pullRequestReview: { state: "COMMENTED" } }] },
      },
      { isOutdated: false, line: 2, comments: { nodes: [{ diffHunk: `${hunk}22` }] } },
      { isOutdated: false, line: null, originalLine: null, subjectType: "FILE" },
    ]);
    const { data } = await octokit.rest.pulls.listReviewComments({ ...SHOP, pull_number: pull });
    expect(data.map(({ line }) => line)).toEqual([undefined, 2, undefined]);
    expect(data[0]).not.toMatchObject({ commit_id: data[1]?.commit_id });
    github.assertClean();
  });
});

test("a pull request becomes a draft and ready again, each told once", async () => {
  const { github, repo, pull, ann, news } = await withPull();
  await news();
  await expect(github.as("tim").on(repo).convertsToDraft(pull)).rejects.toThrow("this needs write");
  await ann.convertsToDraft(pull);
  await ann.convertsToDraft(pull);
  expect(github.pullRequests(repo)[0]?.draft).toBe(true);
  await ann.marksReady(pull);
  expect((await news()).map(({ name }) => name)).toEqual([
    "pull_request.converted_to_draft",
    "pull_request.ready_for_review",
  ]);
  github.assertClean();
});

test("300 threads with 110 comments each are there, in pages of 100 of both", async () => {
  const { github, pull, ann, client } = await withPull();
  const threads = Array.from({ length: 300 }, (_, index) => ({ path: "src/new.txt", line: 1, body: `point ${index}` }));
  const review = await ann.silently.reviews(pull, { event: "COMMENT", comments: threads });
  const answers = review.threads.flatMap(({ id }) =>
    Array.from({ length: 109 }, (_, index) => ({ inThread: id, body: `answer ${index}` })),
  );
  await ann.silently.reviews(pull, { event: "COMMENT", comments: answers });
  const octokit = await client({ pull_requests: "read" });
  const bodies: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < 3; page += 1) {
    const query = { number: pull, after };
    const { reviewThreads } = (await octokit.graphql<Threads>(THREADS, query)).repository.pullRequest;
    expect(reviewThreads).toMatchObject({ totalCount: 300, pageInfo: { hasNextPage: page < 2 } });
    for (const { comments } of reviewThreads.nodes) {
      expect(comments).toMatchObject({ totalCount: 110, pageInfo: { hasNextPage: true } });
      bodies.push(comments.nodes[0]?.body ?? "");
      expect(comments.nodes).toHaveLength(100);
    }
    after = reviewThreads.pageInfo.endCursor;
  }
  expect(bodies).toEqual(threads.map(({ body }) => body));
  const [last] = review.threads.slice(-1);
  const rest = await octokit.graphql(MORE, { id: last?.id, after: Buffer.from("cursor:v2:99").toString("base64") });
  expect(rest).toMatchObject({ node: { comments: { nodes: { length: 10 }, pageInfo: { hasNextPage: false } } } });
  github.assertClean();
});

const THREADS = `query($number: Int!, $after: String) { repository(owner: "acme", name: "shop") { pullRequest(number: $number) {
  reviews(first: 1) { totalCount }
  reviewThreads(first: 100, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes {
      id path line originalLine startLine subjectType isResolved isOutdated resolvedBy { login }
      comments(first: 100) {
        totalCount pageInfo { hasNextPage endCursor }
        nodes {
          databaseId fullDatabaseId body diffHunk outdated state createdAt lastEditedAt
          author { __typename login } pullRequestReview { fullDatabaseId state }
        }
      }
    }
  }
} } }`;
const MORE = `query($id: ID!, $after: String) { node(id: $id) { ... on PullRequestReviewThread {
  comments(first: 100, after: $after) { nodes { body } pageInfo { hasNextPage } }
} } }`;
const RESOLVE = `mutation($id: ID!) { resolveReviewThread(input: { threadId: $id }) {
  thread { id isResolved viewerCanUnresolve }
} }`;
const UNRESOLVE = `mutation($id: ID!) { unresolveReviewThread(input: { threadId: $id }) { thread { isResolved } } }`;

interface Threads {
  readonly repository: {
    readonly pullRequest: {
      readonly reviewThreads: {
        readonly nodes: readonly { readonly comments: { readonly nodes: readonly { readonly body: string }[] } }[];
        readonly pageInfo: { readonly endCursor: string };
      };
    };
  };
}

type Pulled = Awaited<ReturnType<typeof withPull>>;

/** A pull request of olga, who may write; ann reviews. */
async function withPull() {
  const world = await given();
  const { github, repo, received } = world;
  repo.state.people.set(repo.state.world.account("olga").id, "write");
  const olga = github.as("olga").on(repo);
  const start = (await github.branches(repo)).main ?? "";
  await olga.pushes("other", { "other.txt": "1" }, { from: start });
  await olga.pushes("fix", { "src/price.txt": "1\n20\n3\n", "src/new.txt": "a\nb\nc\n" });
  const pull = await olga.opensPullRequest({ head: "fix", title: "Fix" });
  /** The webhooks since the last asking. */
  const news = async (): Promise<Given["received"]> => {
    await github.settled();
    return received.splice(0);
  };
  return { ...world, pull, ann: github.as("ann").on(repo), news };
}

/** The same with one question of ann's about line 2 of `src/price.txt`. */
async function withThread(): Promise<Pulled> {
  const world = await withPull();
  const comments = [{ path: "src/price.txt", line: 2, body: "Why twenty?" }];
  await world.ann.reviews(world.pull, { event: "COMMENT", comments });
  return world;
}
