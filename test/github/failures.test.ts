import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import nock from "nock";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { redact } from "../../src/github/errors.ts";
import { api, failureOf, githubWith, manualClock, minting, onlyAnnouncedCalls, shop } from "./support.ts";

onlyAnnouncedCalls();

const comments = "/repos/acme/shop/issues/7/comments";
const json = { "content-type": "application/json" };
const servers: Server[] = [];

/** A server that hands out a token and then leaves the write to the test. `posts` is everything it was asked. */
async function serverAnswering(answerWrite: RequestListener) {
  const posts: string[] = [];
  const server = createServer((request, response) => {
    posts.push(String(request.url));
    if (posts.length === 1) response.writeHead(201, json).end('{"token":"ghs_first"}');
    else answerWrite(request, response);
  });
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { posts, settings: { host, protocol: "http", requestTimeoutMs: 400 } };
}

function stopHalfWay(response: ServerResponse): void {
  response.writeHead(201, json).write('{"id": ');
}

beforeAll(() => nock.enableNetConnect("127.0.0.1"));

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const now = Date.parse("2026-03-01T12:00:00Z");

describe("what GitHub refuses", () => {
  test.each([
    ["403 for a missing permission", 403, { message: "Resource not accessible by integration" }, "forbidden"],
    ["403 in a locked conversation", 403, { message: "Unable to create comment because issue is locked." }, "locked"],
    ["403 in an archived repository", 403, { message: "Repository was archived so is read-only." }, "locked"],
    ["404", 404, { message: "Not Found" }, "not_found"],
    [
      "a redirect after a rename",
      307,
      { message: "Moved", url: "https://api.github.com/repositories/812" },
      "not_found",
    ],
    ["405", 405, { message: "Pull Request is not mergeable" }, "conflict"],
    ["409", 409, { message: "sha does not match" }, "conflict"],
    ["410", 410, { message: "This issue was deleted" }, "gone"],
    [
      "422 for something that is there already",
      422,
      { message: "Validation Failed", errors: [{ code: "already_exists" }] },
      "exists",
    ],
    [
      "422 for something wrong",
      422,
      { message: "Validation Failed", errors: [{ field: "body", code: "invalid" }] },
      "invalid",
    ],
    ["500", 500, { message: "Server Error" }, "doubt"],
    ["502 with a web page", 502, "<html><body>unicorn</body></html>", "doubt"],
  ])("%s becomes its own kind of failure, after one request", async (_what, status, body, code) => {
    minting();
    nock(api).post(comments).reply(status, body);
    const failure = await failureOf(githubWith().createComment(shop, 7, "hello"));
    expect(failure).toMatchObject({ name: "GitHubFailure", code, status });
    expect(failure.message).toContain("create comment: GitHub answered");
  });

  test("a refused draft can be told from every other invalid request", async () => {
    minting();
    const message = "Draft pull requests are not supported in this repository.";
    nock(api).post("/repos/acme/shop/pulls").reply(422, { message });
    const wanted = { title: "t", body: "b", head: "agent/issue-7", base: "main", draft: true };
    const failure = await failureOf(githubWith().createPullRequest(shop, wanted));
    expect(failure).toMatchObject({ code: "invalid", reason: "drafts_unsupported" });
  });
});

describe("a write whose outcome nobody knows", () => {
  test.each([
    ["a 502", () => nock(api).post(comments).reply(502, "")],
    ["a 200 with a web page", () => nock(api).post(comments).reply(200, "<html>", { "content-type": "text/html" })],
    [
      "JSON that is cut off",
      () => nock(api).post(comments).reply(201, '{"id": 5', { "content-type": "application/json" }),
    ],
    ["JSON without the id", () => nock(api).post(comments).reply(201, { body: "hello" })],
  ])("%s is in doubt and is sent exactly once", async (_what, announce) => {
    minting();
    announce();
    // A second POST would find nothing announced, and fail with nock's own words.
    const failure = await failureOf(githubWith().createComment(shop, 7, "hello"));
    expect(failure.code).toBe("doubt");
    expect(inspect(failure)).not.toContain("No match for request");
  });

  // Real servers for what happens below HTTP.
  test.each([
    ["a dropped connection", (request: IncomingMessage) => request.socket.destroy(), "UND_ERR_SOCKET"],
    ["silence", () => {}, "TimeoutError"],
    [
      "an answer that stops half-way",
      (_request: IncomingMessage, response: ServerResponse) => stopHalfWay(response),
      "not complete JSON",
    ],
  ])("%s is in doubt and is sent exactly once", async (_what, answerWrite, words) => {
    const { posts, settings } = await serverAnswering(answerWrite);
    const failure = await failureOf(githubWith(settings).createComment(shop, 7, "hello"));
    expect(failure.code).toBe("doubt");
    expect(failure.message).toContain(words);
    expect(posts).toEqual(["/api/v3/app/installations/99/access_tokens", `/api/v3${comments}`]);
  });
});

test("a redirect is not followed: nobody allowed the route it leads to", async () => {
  const location = "/api/v3/repositories/812/issues/7/comments";
  const { posts, settings } = await serverAnswering((_request, response) => {
    response.writeHead(307, { ...json, location }).end('{"message":"Moved"}');
  });
  const failure = await failureOf(githubWith(settings).createComment(shop, 7, "hello"));
  expect(failure).toMatchObject({ code: "not_found", status: 307 });
  expect(posts).not.toContain(location);
});

describe("secrets", () => {
  test("are nowhere in a failure, even when GitHub or the network repeats them", async () => {
    minting();
    const repeated = "token ghs_first and https://x-access-token:hunter2@github.com/acme/shop";
    nock(api).post(comments).reply(500, { message: repeated });
    const failure = await failureOf(githubWith().createComment(shop, 7, "the body of the comment"));
    const everything = inspect(failure, { depth: 10, showHidden: true });
    expect(everything).not.toMatch(/ghs_first|hunter2|eyJ|the body of the comment|PRIVATE KEY/);
    expect(everything).toContain("[redacted]");
  });

  test("are nowhere in a failure without an answer", async () => {
    minting();
    nock(api).post(comments).replyWithError("cannot send authorization: token ghs_first");
    const failure = await failureOf(githubWith().createComment(shop, 7, "the body of the comment"));
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toMatch(/ghs_first|the body of the comment/);
  });

  test("are recognised by their value where they look like nothing special", () => {
    expect(redact("x hunter2 y hunter2", ["hunter2", ""])).toBe("x [redacted] y [redacted]");
  });

  test.each([
    ["an installation token", "x ghs_16C7e42F292c6912E7710c838347Ae178B4a y"],
    ["a personal token", "x github_pat_11ABCDEFG0abcdefghij_klmn y"],
    ["a token of older Enterprise servers", `x v1.${"0123456789".repeat(4)} y`],
    ["a JSON Web Token", "x eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2ln y"],
    ["a private key", "x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y"],
  ])("%s is recognised by its looks", (_what, text) => {
    expect(redact(text)).toBe("x [redacted] y");
  });
});

describe("a rate limit", () => {
  const limits = [
    {
      what: "a secondary limit that says how long",
      answer: [403, { message: "You have exceeded a secondary rate limit" }, { "retry-after": "90" }],
      seconds: 90,
    },
    {
      what: "a secondary limit that does not say",
      answer: [403, { message: "You have exceeded a secondary rate limit" }, {}],
      seconds: 60,
    },
    { what: "a 429 that does not say", answer: [429, { message: "slow down" }, {}], seconds: 60 },
    {
      what: "a used-up hour",
      answer: [
        403,
        { message: "API rate limit exceeded" },
        { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1000 + 1200) },
      ],
      seconds: 1200,
    },
  ] as const;

  test.each(limits)("$what stops every call of this installation until it is over", async ({ answer, seconds }) => {
    minting({ times: 2 });
    const { clock, passes } = manualClock(now);
    const github = githubWith({ clock });
    const [status, body, headers] = answer;
    nock(api).post(comments).reply(status, body, headers);
    const failure = await failureOf(github.createComment(shop, 7, "one"));
    expect(failure).toMatchObject({ code: "rate_limited", status, retryAt: now + seconds * 1000 });

    // Nothing is announced now: any request would fail in another way.
    passes(seconds * 1000 - 1);
    const waiting = { code: "rate_limited", status: undefined, retryAt: now + seconds * 1000 };
    expect(await failureOf(github.createComment(shop, 7, "two"))).toMatchObject(waiting);
    expect(await failureOf(github.permissionOf(shop, { id: 1, login: "ann" }))).toMatchObject(waiting);

    passes(1);
    nock(api).post(comments).reply(201, { id: 6 });
    nock(api).get("/repos/acme/shop/collaborators/ann/permission").reply(404, { message: "Not Found" });
    expect(await github.createComment(shop, 7, "three")).toEqual({ id: 6 });
    expect(await github.permissionOf(shop, { id: 1, login: "ann" })).toEqual({ permission: "none", mayPush: false });
  });

  test("of one installation leaves the others alone", async () => {
    minting();
    const github = githubWith();
    nock(api).post(comments).reply(429, { message: "slow down" }, { "retry-after": "30" });
    await failureOf(github.createComment(shop, 7, "one"));
    nock(api).post("/app/installations/100/access_tokens").reply(201, { token: "ghs_other" });
    nock(api).post("/repos/umbrella/web/issues/1/comments").reply(201, { id: 9 });
    const web = { repository: { id: 5, owner: "umbrella", name: "web" }, installationId: 100 };
    expect(await github.createComment(web, 1, "hello")).toEqual({ id: 9 });
  });

  test("reported by GraphQL counts as well", async () => {
    minting();
    const github = githubWith();
    nock(api)
      .post("/graphql")
      .reply(200, { errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] });
    const failure = await failureOf(github.readIssue(shop, 7));
    expect(failure).toMatchObject({ code: "rate_limited", retryAt: now + 60_000 });
    expect((await failureOf(github.createComment(shop, 7, "x"))).code).toBe("rate_limited");
  });
});
