import nock from "nock";
import { describe, expect, test } from "vitest";
import { api, appId, failureOf, githubWith, minting, onlyAnnouncedCalls, shop } from "./support.ts";

onlyAnnouncedCalls();

const issue = "/repos/acme/shop/issues/7";
const ann = { __typename: "User", login: "ann", databaseId: 11 };
const tim = { __typename: "User", login: "tim", databaseId: 13 };
const helper = { __typename: "Bot", login: "helper", databaseId: 12 };
const finished = { hasNextPage: false, endCursor: null };

function comment(id: string, fields: object = {}) {
  const plain = {
    createdAt: "2026-03-01T10:00:00Z",
    lastEditedAt: null,
    isMinimized: false,
    author: ann,
    editor: null,
  };
  return { fullDatabaseId: id, body: `comment ${id}`, ...plain, ...fields };
}

function thread(fields: object) {
  const plain = { __typename: "Issue", title: "Prices are wrong", body: "They are.", closed: false };
  const origin = { createdAt: "2026-03-01T09:00:00Z", lastEditedAt: null, author: ann, editor: null };
  const lists = { labels: { nodes: [] }, userContentEdits: { pageInfo: finished, nodes: [] } };
  const issueOrPullRequest = { ...plain, ...origin, ...lists, ...fields };
  return { data: { repository: { databaseId: 812, issueOrPullRequest } } };
}

interface Asked {
  readonly variables: Record<string, unknown>;
}

/** Answers one GraphQL request after the other, and keeps the variables of each. */
function answering(...answers: object[]) {
  const asked: Record<string, unknown>[] = [];
  for (const answer of answers) {
    nock(api)
      .post("/graphql")
      .reply(async (request: Request) => {
        asked.push(((await request.json()) as Asked).variables);
        return [200, answer];
      });
  }
  return asked;
}

describe("reading an issue", () => {
  test("tells who wrote, edited, renamed and labelled what, and when", async () => {
    minting();
    const edits = {
      lastEditedAt: "2026-03-01T09:30:00Z",
      editor: tim,
      userContentEdits: {
        pageInfo: finished,
        nodes: [
          { editedAt: "2026-03-01T09:30:00Z", editor: tim },
          { editedAt: "2026-03-01T09:20:00Z", editor: null },
          { editedAt: "2026-03-01T09:10:00Z", editor: helper },
          { editedAt: "2026-03-01T09:00:00Z", editor: ann },
        ],
      },
      labels: { nodes: [{ name: "bug" }, { name: "agent" }] },
    };
    answering(
      thread({
        ...edits,
        comments: {
          pageInfo: finished,
          nodes: [
            comment("4294967297", { author: helper }),
            comment("4294967298", {
              author: null,
              isMinimized: true,
              lastEditedAt: "2026-03-01T10:05:00Z",
              editor: helper,
            }),
          ],
        },
        timelineItems: {
          pageInfo: finished,
          nodes: [
            { __typename: "RenamedTitleEvent", createdAt: "2026-03-01T11:00:00Z", actor: null },
            { __typename: "LabeledEvent", createdAt: "2026-03-01T11:30:00Z", label: { name: "agent" }, actor: ann },
          ],
        },
      }),
    );
    expect(await githubWith().readIssue(shop, 7)).toEqual({
      title: "Prices are wrong",
      body: "They are.",
      state: "open",
      isPullRequest: false,
      author: { id: 11, login: "ann", type: "User" },
      createdAt: Date.parse("2026-03-01T09:00:00Z"),
      labels: ["bug", "agent"],
      bodyEdits: [
        { at: Date.parse("2026-03-01T09:10:00Z"), actor: { id: 12, login: "helper[bot]", type: "Bot" } },
        { at: Date.parse("2026-03-01T09:20:00Z"), actor: undefined },
        { at: Date.parse("2026-03-01T09:30:00Z"), actor: { id: 13, login: "tim", type: "User" } },
      ],
      editsUnreadUntil: undefined,
      comments: [
        {
          id: 4294967297,
          author: { id: 12, login: "helper[bot]", type: "Bot" },
          body: "comment 4294967297",
          createdAt: Date.parse("2026-03-01T10:00:00Z"),
          lastEditedAt: undefined,
          editor: undefined,
          minimized: false,
        },
        {
          id: 4294967298,
          author: undefined,
          body: "comment 4294967298",
          createdAt: Date.parse("2026-03-01T10:00:00Z"),
          lastEditedAt: Date.parse("2026-03-01T10:05:00Z"),
          editor: { id: 12, login: "helper[bot]", type: "Bot" },
          minimized: true,
        },
      ],
      renames: [{ at: Date.parse("2026-03-01T11:00:00Z"), actor: undefined }],
      labelings: [
        { label: "agent", at: Date.parse("2026-03-01T11:30:00Z"), actor: { id: 11, login: "ann", type: "User" } },
      ],
      truncated: false,
    });
  });

  test("follows each list by its own cursor and leaves out the one that is finished", async () => {
    minting();
    const more = (endCursor: string) => ({ hasNextPage: true, endCursor });
    const asked = answering(
      thread({
        comments: { pageInfo: more("c1"), nodes: [comment("1")] },
        timelineItems: { pageInfo: finished, nodes: [] },
      }),
      thread({ comments: { pageInfo: more("c2"), nodes: [comment("2")] } }),
      thread({ comments: { pageInfo: finished, nodes: [comment("3")] } }),
    );
    const facts = await githubWith().readIssue(shop, 7);
    expect(facts.comments.map((each) => each.id)).toEqual([1, 2, 3]);
    expect(facts.truncated).toBe(false);
    const place = { owner: "acme", name: "shop", number: 7 };
    expect(asked).toEqual([
      { ...place, comments: true, timeline: true },
      { ...place, comments: true, commentsAfter: "c1", timeline: false },
      { ...place, comments: true, commentsAfter: "c2", timeline: false },
    ]);
  });

  test("stops after twenty pages and says that there was more", async () => {
    minting();
    const endless = { pageInfo: { hasNextPage: true, endCursor: "on" }, nodes: [comment("1")] };
    const asked = answering(...Array.from({ length: 20 }, () => thread({ comments: endless })));
    const facts = await githubWith().readIssue(shop, 7);
    expect(asked).toHaveLength(20);
    expect(facts.comments).toHaveLength(20);
    expect(facts.truncated).toBe(true);
  });

  const oldEdit = { editedAt: "2026-03-01T09:10:00Z", editor: ann };
  const lastEdit = { lastEditedAt: "2026-03-01T09:30:00Z", editor: tim };
  const last = Date.parse("2026-03-01T09:30:00Z");

  test.each([
    ["more than a hundred edits", { pageInfo: { hasNextPage: true, endCursor: "e1" }, nodes: [oldEdit] }],
    ["no list of edits", null],
  ])("says of an issue with %s that unread ones may be as late as the last", async (_what, userContentEdits) => {
    minting();
    answering(thread({ ...lastEdit, userContentEdits }));
    const facts = await githubWith().readIssue(shop, 7);
    expect(facts.editsUnreadUntil).toBe(last);
    expect(facts.bodyEdits.at(-1)).toEqual({ at: last, actor: { id: 13, login: "tim", type: "User" } });
  });

  test("knows the last edit even if the list lacks it, and that an unedited issue has none", async () => {
    minting();
    answering(
      thread({ ...lastEdit, userContentEdits: { pageInfo: finished, nodes: [oldEdit] } }),
      thread({ userContentEdits: null }),
    );
    const github = githubWith();
    const facts = await github.readIssue(shop, 7);
    expect(facts.bodyEdits.map(({ at, actor }) => [at, actor?.login])).toEqual([
      [Date.parse("2026-03-01T09:10:00Z"), "ann"],
      [last, "tim"],
    ]);
    expect(facts.editsUnreadUntil).toBeUndefined();
    expect(await github.readIssue(shop, 7)).toMatchObject({ bodyEdits: [], editsUnreadUntil: undefined });
  });

  test("takes only one entry by the author in the second of the writing for the writing", async () => {
    minting();
    const createdAt = "2026-03-01T09:00:00Z";
    const nodes = [tim, ann, ann].map((editor) => ({ editedAt: createdAt, editor }));
    answering(thread({ lastEditedAt: createdAt, editor: tim, userContentEdits: { pageInfo: finished, nodes } }));
    const { bodyEdits } = await githubWith().readIssue(shop, 7);
    expect(bodyEdits.map(({ actor }) => actor?.login)).toEqual(["tim", "ann"]);
  });

  test("says that any time is possible when it could not read all renames", async () => {
    minting();
    const endless = { pageInfo: { hasNextPage: true, endCursor: "on" }, nodes: [] };
    answering(...Array.from({ length: 20 }, () => thread({ timelineItems: endless })));
    const { editsUnreadUntil } = await githubWith().readIssue(shop, 7);
    expect(editsUnreadUntil).toBeGreaterThan(Date.parse("9999-12-31T00:00:00Z"));
  });

  test("knows a pull request, and that a merged one is closed", async () => {
    minting();
    answering(thread({ __typename: "PullRequest", closed: true }));
    expect(await githubWith().readIssue(shop, 7)).toMatchObject({ isPullRequest: true, state: "closed" });
  });

  test("refuses another repository that answers to the old name", async () => {
    minting();
    const stranger = thread({});
    stranger.data.repository.databaseId = 5;
    answering(stranger);
    const failure = await failureOf(githubWith().readIssue(shop, 7));
    expect(failure).toMatchObject({ code: "not_found", message: "acme/shop is no longer repository 812" });
  });

  test.each([
    ["NOT_FOUND", "not_found"],
    ["FORBIDDEN", "forbidden"],
    ["INTERNAL", "doubt"],
  ])("takes GraphQL's %s, which comes with status 200, for the failure it is", async (type, code) => {
    minting();
    answering({ data: { repository: null }, errors: [{ type, message: "Could not" }] });
    expect((await failureOf(githubWith().readIssue(shop, 7))).code).toBe(code);
  });

  test("does not take half an answer for a whole one", async () => {
    minting();
    answering(thread({ comments: { pageInfo: finished, nodes: [comment("1", { createdAt: "yesterday" })] } }));
    const failure = await failureOf(githubWith().readIssue(shop, 7));
    expect(failure.code).toBe("doubt");
    expect(failure.message).toContain("issueOrPullRequest.comments.nodes.0.createdAt");
    expect(failure.message).not.toContain("yesterday");
  });
});

describe("our comments", () => {
  const self = () => {
    nock(api).get("/app").reply(200, { id: appId, slug: "baton" });
    nock(api)
      .get("/app/installations?page=1&per_page=100")
      .reply(200, [{ id: 99, account: { login: "acme" }, suspended_at: null }]);
    nock(api).get("/users/baton%5Bbot%5D").reply(200, { id: 5000000001, login: "baton[bot]", type: "Bot" });
  };
  const marker = "<!-- baton task-1 status -->";

  test("are found by their marker on any page, never among those of others", async () => {
    minting({ times: 2 });
    self();
    const link = '<https://api.github.com/repositories/812/issues/7/comments?page=2>; rel="next"';
    nock(api)
      .get(`${issue}/comments?page=1&per_page=100`)
      .reply(
        200,
        [
          { id: 1, body: `${marker} copied`, user: { id: 11 } },
          { id: 2, body: "ours, about something else", user: { id: 5000000001 } },
          { id: 3, body: null, user: null },
        ],
        { link },
      );
    nock(api)
      .get(`${issue}/comments?page=2&per_page=100`)
      .reply(200, [{ id: 4, body: `Working on it. ${marker}`, user: { id: 5000000001 } }]);
    expect(await githubWith().findComment(shop, 7, marker)).toBe(4);
  });

  test("that do not exist are not found", async () => {
    minting({ times: 2 });
    self();
    nock(api).get(`${issue}/comments?page=1&per_page=100`).reply(200, []);
    expect(await githubWith().findComment(shop, 7, marker)).toBeUndefined();
  });

  test("are written and rewritten as text, for the version of the API we know", async () => {
    minting();
    const reqheaders = { "x-github-api-version": "2022-11-28" };
    nock(api, { reqheaders }).post(`${issue}/comments`, { body: "hello" }).reply(201, { id: 4294967299 });
    nock(api).patch("/repos/acme/shop/issues/comments/4294967299", { body: "again" }).reply(200, { id: 4294967299 });
    const github = githubWith();
    const { id } = await github.createComment(shop, 7, "hello");
    await github.updateComment(shop, id, "again");
  });

  test("that somebody deleted cannot be rewritten", async () => {
    minting();
    nock(api).patch("/repos/acme/shop/issues/comments/5").reply(404, { message: "Not Found" });
    expect((await failureOf(githubWith().updateComment(shop, 5, "again"))).code).toBe("not_found");
  });
});

test("a reaction may be given again", async () => {
  minting();
  nock(api).post(`${issue}/reactions`, { content: "eyes" }).reply(201, { id: 1 });
  nock(api).post("/repos/acme/shop/issues/comments/55/reactions", { content: "eyes" }).reply(200, { id: 2 });
  const github = githubWith();
  await github.react(shop, { issue: 7 }, "eyes");
  await github.react(shop, { comment: 55 }, "eyes");
});
