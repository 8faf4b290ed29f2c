import { describe, expect, it } from "vitest";
import { openGateway } from "../../../src/agent-runner/gateway/gateway.ts";
import { canary, useHouse } from "./house.ts";
import { begin, call, errorOf } from "./run-client.ts";
import { chatStream, responsesStream, streams } from "./scripted-provider.ts";

const house = useHouse();

describe("who gets in", () => {
  it("a run gets through with its token, and the provider sees the key instead", async () => {
    house.provider.answers(streams(responsesStream));
    const ticket = house.admit();
    expect(ticket.token).toMatch(/^baton-run-[\w-]{43}$/);
    expect(ticket.baseUrl).toBe(`http://${ticket.host}/v1`);
    expect(ticket.host).toMatch(/^127\.0\.0\.2:\d+$/);
    const answer = await call(ticket);
    expect(answer).toMatchObject({ status: 200, text: responsesStream, cut: false });
    const [seen] = house.provider.seen;
    expect(seen?.headers.authorization).toBe(`Bearer ${canary}`);
    expect(JSON.stringify(seen)).not.toContain(ticket.token);
  });

  it("a provider without a key gets no authorization at all", async () => {
    house.provider.answers(streams(responsesStream));
    expect((await call(house.admit({ provider: { key: undefined } }))).status).toBe(200);
    expect((await call(house.admit({ provider: { key: "" } }))).status).toBe(200);
    for (const seen of house.provider.seen) expect(seen.headers.authorization).toBeUndefined();
  });

  it.each([
    ["no token", {}],
    ["an unknown token", { authorization: `Bearer baton-run-${"x".repeat(43)}` }],
    ["the key itself", { authorization: `Bearer ${canary}` }],
    ["another scheme", { authorization: "Basic dXNlcjpwYXNz" }],
  ])("%s is refused in the provider's words", async (_what, headers) => {
    const ticket = house.admit();
    const answer = await call(ticket, { headers: { authorization: "", ...headers } });
    expect(answer.status).toBe(401);
    expect(errorOf(answer)).toMatchObject({ code: "invalid_api_key", type: "invalid_request_error" });
    expect(house.provider.seen).toEqual([]);
    expect(ticket.usage().requests).toBe(0);
  });

  it("a revoked token is dead, in flight and afterwards, and its run's signal stays quiet", async () => {
    house.provider.answers(() => {});
    const ticket = house.admit();
    const waiting = call(ticket).catch((error: NodeJS.ErrnoException) => error.code);
    await expect.poll(() => house.provider.seen.length).toBe(1);
    expect(ticket.activity().inFlight).toBe(1);
    ticket.revoke();
    ticket.revoke();
    expect(await waiting).toBe("ECONNRESET");
    await house.provider.hungUp();
    expect((await call(ticket)).status).toBe(401);
    expect(ticket.activity().inFlight).toBe(0);
    expect(ticket.usage()).toMatchObject({ requests: 1, failures: 0 });
    expect(ticket.trouble()).toBeUndefined();
    expect(ticket.givenUp.aborted).toBe(false);
  });

  it("a token revoked while a request comes in does not let it through", async () => {
    const ticket = house.admit();
    const { req } = begin(ticket);
    req.write('{"model":');
    const ended = new Promise((resolve) => req.once("close", resolve));
    const other = house.admit();
    house.provider.answers(streams(responsesStream));
    await call(other);
    ticket.revoke();
    req.end('"m"}');
    await ended;
    expect(house.provider.seen).toHaveLength(1);
    expect(ticket.usage().requests).toBe(0);
  });

  it("one run's requests stay out of another's books", async () => {
    house.provider.answers(streams(responsesStream));
    const [one, other] = [house.admit(), house.admit()];
    await Promise.all([call(one), call(one), call(other)]);
    expect(one.usage()).toEqual({ requests: 2, failures: 0, input: 2400, cachedInput: 2000, output: 68 });
    expect(other.usage()).toEqual({ requests: 1, failures: 0, input: 1200, cachedInput: 1000, output: 34 });
  });
});

describe("what gets through", () => {
  it.each([
    ["GET", "/v1/responses"],
    ["GET", "/v1/models"],
    ["POST", "/v1/responses/compact"],
    ["POST", "/v1/responses/r/cancel"],
    ["POST", "/v1/files"],
    ["POST", "/v1/chat/completions"],
    ["POST", "/v1/responses?after=x"],
    ["POST", "/v1/responses/"],
    ["POST", "/v1//responses"],
    ["POST", "//127.0.0.1/v1/responses"],
    ["POST", "/v1/./responses"],
    ["POST", "/v1/files/../responses"],
    ["POST", "/v1/%72esponses"],
    ["POST", "/v1/responses#x"],
    ["POST", "http://127.0.0.1/v1/responses"],
    ["DELETE", "/v1/responses"],
    ["OPTIONS", "*"],
  ])("%s %s is no inference route of this run", async (method, path) => {
    const ticket = house.admit();
    const answer = await call(ticket, { method, path });
    expect(answer.status).toBe(404);
    expect(errorOf(answer).code).toBe("unknown_route");
    expect(house.provider.seen).toEqual([]);
    expect(ticket.usage().requests).toBe(0);
  });

  it("each protocol has one route, below the provider's own base URL, whose query stays", async () => {
    house.provider.answers(streams(chatStream));
    const baseUrl = `${house.provider.baseUrl}/?api-version=7`;
    const ticket = house.admit({ provider: { api: "openai-chat", baseUrl } });
    expect((await call(ticket, { path: "/v1/chat/completions" })).status).toBe(200);
    expect((await call(ticket, { path: "/v1/responses" })).status).toBe(404);
    expect(house.provider.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /api/v1/chat/completions?api-version=7",
    ]);
  });

  it("headers of the agent that mean something to the connection or the account stay behind", async () => {
    house.provider.answers(streams(responsesStream));
    const own = {
      host: "elsewhere.example",
      connection: "keep-alive, x-hop",
      "x-hop": "1",
      te: "trailers",
      cookie: "a=b",
      "x-api-key": "agent",
      "openai-organization": "org-of-somebody-else",
      "x-forwarded-for": "10.0.0.1",
      "accept-encoding": "gzip",
      "user-agent": "codex/1",
      "openai-beta": "x=y",
      accept: "text/event-stream",
    };
    await call(house.admit(), { headers: own });
    const { connection, ...headers } = house.provider.seen[0]?.headers ?? {};
    expect(connection).toBe("keep-alive");
    expect(headers).toEqual({
      "content-type": "application/json",
      "content-length": "38",
      accept: "text/event-stream",
      "accept-encoding": "identity",
      "user-agent": "codex/1",
      "openai-beta": "x=y",
      authorization: `Bearer ${canary}`,
      host: `127.0.0.1:${house.provider.port}`,
    });
  });

  it("of the provider's headers the agent gets what it acts upon", async () => {
    const given = {
      "content-type": "text/event-stream; charset=utf-8",
      "x-request-id": `req-${canary}`,
      "x-ratelimit-remaining-tokens": "7",
      "retry-after": "3",
      "set-cookie": "session=1",
      "openai-organization": "the-operator",
      location: "http://elsewhere.example",
    };
    house.provider.answers((res) => void res.writeHead(200, given).end(responsesStream));
    const { headers } = await call(house.admit());
    expect(headers).toContain("x-request-id\nreq-[redacted]");
    expect(headers).toContain("x-ratelimit-remaining-tokens\n7");
    expect(headers).toContain("retry-after\n3");
    expect(headers).toContain("text/event-stream; charset=utf-8");
    expect(headers).not.toMatch(/cookie|organization|location|canary/);
  });
});

describe("opening and closing", () => {
  it("says so when it cannot listen where it should", async () => {
    await expect(openGateway({ address: "192.0.2.1" })).rejects.toMatchObject({ code: "gateway_unavailable" });
  });

  it.each([
    ["a base URL that is none", { baseUrl: "models.example.com" }],
    ["a base URL of another kind", { baseUrl: "file:///etc/passwd" }],
    ["a key that fits in no header", { key: `${canary}\n` }],
  ])("%s is refused at once, without repeating the key", (_what, provider) => {
    const admit = () => house.admit({ provider });
    expect(admit).toThrow(expect.objectContaining({ code: "bad_provider" }));
    expect(admit).toThrow(expect.not.objectContaining({ message: expect.stringContaining(canary) }));
  });
});
