import { createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ModelTicket } from "../../../src/agent-runner/gateway/types.ts";
import { canary, useHouse } from "./house.ts";
import { call, errorOf } from "./run-client.ts";
import {
  type Answer,
  breaksOff,
  chatStart,
  completed,
  data,
  event,
  eventStream,
  fallsSilent,
  json,
  refuses,
  responsesStream,
  started,
  streams,
} from "./scripted-provider.ts";

const house = useHouse();
const well = streams(responsesStream);
const chat = { path: "/v1/chat/completions" };
const page: Answer = (res) => void res.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>");
const status = (code: number): Answer => refuses(code, { message: "Sorry" });

describe("the class of a trouble by the provider's status", () => {
  it.each([
    [401, { message: "Incorrect API key provided", code: "invalid_api_key" }, "auth"],
    [403, { message: "You may not use this model" }, "auth"],
    [400, { message: "API key not valid. Please pass a valid API key." }, "auth"],
    [429, { message: "You exceeded your current quota", code: "insufficient_quota" }, "quota"],
    [429, { message: "Your credit balance is too low" }, "quota"],
    [429, { message: "See your plan", type: "requests", code: "insufficient_quota" }, "quota"],
    [429, { message: "The usage limit has been reached", type: "usage_limit_reached" }, "quota"],
    [402, { message: "Insufficient balance" }, "quota"],
    [403, { message: "Not active", code: "billing_not_active" }, "quota"],
    [429, { message: "Rate limit reached. Try again in 6ms.", code: "rate_limit_exceeded" }, "rate"],
    [
      429,
      {
        message: "Slow down. Add a payment method: https://x.example/billing",
        type: "tokens",
        code: "rate_limit_exceeded",
      },
      "rate",
    ],
    [429, { message: "Too fast, see https://x.example/quotaincrease" }, "rate"],
    [529, { message: "Overloaded" }, "rate"],
    [
      400,
      { message: "Your input exceeds the context window of this model.", code: "context_length_exceeded" },
      "overflow",
    ],
    [400, { message: "This model's maximum context length is 8192 tokens." }, "overflow"],
    [400, { message: "prompt is too long: 201000 tokens > 200000 maximum" }, "overflow"],
    [413, { message: "Request Entity Too Large" }, "overflow"],
    [404, { message: "The model `x` does not exist", code: "model_not_found" }, "request"],
    [400, { message: "Unknown parameter: 'foo'", code: "unknown_parameter" }, "request"],
    [422, { message: "field required" }, "request"],
    [408, { message: "timeout" }, "unavailable"],
    [500, { message: "The server had an error" }, "unavailable"],
    [502, { message: "Bad gateway" }, "unavailable"],
    [503, { message: "The engine is overloaded" }, "unavailable"],
  ] as const)("%i %j is %s", async (code, error, expected) => {
    house.provider.answers(refuses(code, error));
    const ticket = house.admit();
    const answer = await call(ticket);
    expect(answer.status).toBe(code);
    expect(errorOf(answer).message).toBe(error.message);
    const detail = `HTTP ${code} ${"code" in error ? error.code : "type" in error ? error.type : "invalid_request_error"}: ${error.message}`;
    expect(ticket.trouble()).toEqual({ class: expected, status: code, detail });
    expect(ticket.usage()).toMatchObject({ requests: 1, failures: 1 });
  });
});

describe("the class of a trouble inside an answer that began well", () => {
  const failed = (error: object) => started + event({ type: "response.failed", response: { status: "failed", error } });
  const incomplete = (reason: string) =>
    started + event({ type: "response.incomplete", response: { incomplete_details: { reason } } });
  it.each([
    ["failed: server error", failed({ code: "server_error", message: "Sorry" }), "unavailable", "server_error: Sorry"],
    ["failed: too fast", failed({ code: "rate_limit_exceeded", message: "Wait" }), "rate", "rate_limit_exceeded: Wait"],
    ["failed: no money", failed({ code: "insufficient_quota", message: "Pay" }), "quota", "insufficient_quota: Pay"],
    [
      "failed: too long",
      failed({ code: "context_length_exceeded", message: "Long" }),
      "overflow",
      "context_length_exceeded: Long",
    ],
    ["failed: wrong prompt", failed({ code: "invalid_prompt", message: "No" }), "request", "invalid_prompt: No"],
    ["failed without a word", failed({}), "unavailable", ""],
    [
      "incomplete",
      incomplete("max_output_tokens"),
      "request",
      "max_output_tokens: The provider ended the answer before it was complete.",
    ],
    [
      "an error event",
      started + event({ type: "error", code: "server_error", message: "Oops" }),
      "unavailable",
      "server_error: Oops",
    ],
    [
      "a wrapped error event",
      event({ type: "error", error: { type: "invalid_request_error", message: "Bad" } }),
      "request",
      "invalid_request_error: Bad",
    ],
    ["cut off politely", started, "unavailable", "The provider's answer ended before it was complete."],
    ["nothing", "", "unavailable", "The provider's answer ended before it was complete."],
    ["no event stream", "<html>Hello</html>", "unavailable", "The provider's answer ended before it was complete."],
    [
      "only the end mark",
      `${started}data: [DONE]\n\n`,
      "unavailable",
      "The provider's answer ended before it was complete.",
    ],
  ] as const)("Responses, %s", async (_what, stream, expected, detail) => {
    house.provider.answers(streams(stream));
    const ticket = house.admit();
    expect(await call(ticket)).toMatchObject({ status: 200, text: stream });
    expect(ticket.trouble()).toEqual({ class: expected, detail });
  });

  it.each([
    ["an error", streams(data({ error: { message: "Sorry", code: "server_error" } })), "unavailable"],
    ["an error with a status", streams(data({ error: { message: "Slow down", code: 429 } })), "rate"],
    ["an error after the finish", streams(chatStart + data({ error: { message: "Sorry", code: 502 } })), "unavailable"],
    ["no finish", streams(data({ choices: [{ finish_reason: null }] })), "unavailable"],
    ["cut after the finish", breaksOff(chatStart), "unavailable"],
    ["not JSON", json("Hello"), "unavailable"],
    ["an error in one piece", json({ error: { message: "maximum context length" } }), "overflow"],
  ] as const)("Chat, %s", async (_what, answer, expected) => {
    house.provider.answers(answer);
    const ticket = house.admit({ provider: { api: "openai-chat" } });
    await call(ticket, chat);
    expect(ticket.trouble()).toMatchObject({ class: expected });
    expect(ticket.usage().failures).toBe(1);
  });
});

describe("a provider that gives no answer", () => {
  it("refuses the connection", async () => {
    const ticket = house.admit({ provider: { baseUrl: `http://127.0.0.1:${await closedPort()}` } });
    const answer = await call(ticket);
    expect(answer.status).toBe(502);
    expect(errorOf(answer)).toMatchObject({ code: "provider_unavailable", type: "server_error" });
    expect(ticket.trouble()).toEqual({
      class: "unavailable",
      detail: "The connection to the provider failed (ECONNREFUSED).",
    });
  });

  it("has a name that nobody knows", async () => {
    const ticket = house.admit({ provider: { baseUrl: "http://no-such-host.invalid" } });
    expect((await call(ticket)).status).toBe(502);
    expect(ticket.trouble()?.detail).toMatch(/failed \((ENOTFOUND|EAI_AGAIN)\)/);
  });

  it("hangs up before it answers", async () => {
    house.provider.answers((res) => void res.destroy());
    const ticket = house.admit();
    expect((await call(ticket)).status).toBe(502);
    expect(ticket.trouble()).toMatchObject({ class: "unavailable" });
  });

  it("hangs up in the middle, and the agent hears of it the same way", async () => {
    house.provider.answers(breaksOff(started));
    const ticket = house.admit();
    expect(await call(ticket)).toMatchObject({ status: 200, text: started, cut: true });
    expect(ticket.trouble()).toEqual({
      class: "unavailable",
      detail: "The connection to the provider failed (ECONNRESET).",
    });
  });

  it("answers with a web page, which does not reach the agent", async () => {
    house.provider.answers(page);
    const ticket = house.admit();
    const answer = await call(ticket);
    expect(answer.status).toBe(502);
    expect(answer.text).not.toContain("Log in");
    expect(ticket.trouble()).toMatchObject({ class: "unavailable", status: 200 });
  });

  it("answers in an encoding nobody knows, or breaks off inside one", async () => {
    const unknown = { ...eventStream, "content-encoding": "x-own" };
    const broken = { ...eventStream, "content-encoding": "gzip" };
    house.provider.answers(
      (res) => void res.writeHead(200, unknown).end(responsesStream),
      (res) => void res.writeHead(200, broken).end("no gzip"),
    );
    const ticket = house.admit();
    expect((await call(ticket)).status).toBe(502);
    expect((await call(ticket)).cut).toBe(true);
    expect(ticket.usage().failures).toBe(2);
    expect(ticket.trouble()).toMatchObject({ class: "unavailable" });
  });

  it.each([301, 302, 307, 308])("points elsewhere with %i, which is not followed", async (code) => {
    const location = `${house.provider.baseUrl}/elsewhere`;
    house.provider.answers((res) => void res.writeHead(code, { location }).end(), well);
    const ticket = house.admit();
    const answer = await call(ticket);
    expect(answer.status).toBe(502);
    expect(answer.headers).not.toContain("elsewhere");
    expect(house.provider.seen).toHaveLength(1);
    expect(ticket.trouble()).toMatchObject({ class: "unavailable", status: code });
  });
});

describe("a provider that says nothing", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const admitSilent = (answer: Answer): ModelTicket => {
    // Only the gateway's own timer: the network goes on by itself.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    house.provider.answers(answer);
    return house.admit({ idleMs: 60_000 });
  };
  const arrived = (count: number) => expect.poll(() => house.provider.seen.length).toBe(count);

  it("is cut when its time is over, and not earlier", async () => {
    const ticket = admitSilent(fallsSilent(""));
    const waiting = call(ticket);
    await arrived(1);
    vi.advanceTimersByTime(59_999);
    expect(ticket.activity()).toEqual({ inFlight: 1, lastByteAt: undefined });
    vi.advanceTimersByTime(1);
    const answer = await waiting;
    expect(answer.status).toBe(504);
    await house.provider.hungUp();
    expect(ticket.trouble()).toEqual({ class: "silent", detail: "No byte from the provider for 60 s." });
  });

  it("is cut in the middle as well, and every byte counts as a sign of life", async () => {
    let say = (_text: string) => {};
    const ticket = admitSilent((res) => {
      res.writeHead(200, eventStream);
      say = (text) => void res.write(text);
      say(started);
    });
    const waiting = call(ticket);
    await expect.poll(() => ticket.activity().lastByteAt).toBeDefined();
    for (let round = 0; round < 3; round += 1) {
      const before = ticket.activity().lastByteAt;
      vi.advanceTimersByTime(59_000);
      say(": ping\n\n");
      await expect.poll(() => ticket.activity().lastByteAt).not.toBe(before);
    }
    expect(ticket.activity().inFlight).toBe(1);
    vi.advanceTimersByTime(60_000);
    expect(await waiting).toMatchObject({ status: 200, cut: true });
    expect(ticket.trouble()).toMatchObject({ class: "silent" });
    expect(ticket.activity().inFlight).toBe(0);
  });

  it("is given up at the third time in a row", async () => {
    const ticket = admitSilent(fallsSilent(started));
    for (const given of [false, false, true]) {
      const before = ticket.activity().lastByteAt;
      const waiting = call(ticket);
      await expect.poll(() => ticket.activity().lastByteAt).not.toBe(before);
      vi.advanceTimersByTime(60_000);
      await waiting;
      expect(ticket.givenUp.aborted).toBe(given);
    }
    expect(ticket.givenUp.reason).toMatchObject({ kind: "trouble", trouble: { class: "silent" } });
  });

  it("after an error status is told by that status", async () => {
    const ticket = admitSilent((res) => void res.writeHead(401).write('{"error":'));
    const waiting = call(ticket);
    await expect.poll(() => ticket.activity().lastByteAt).toBeDefined();
    vi.advanceTimersByTime(60_000);
    expect((await waiting).status).toBe(401);
    expect(ticket.trouble()).toMatchObject({ class: "auth", status: 401 });
  });
});

describe("when waiting is of no use", () => {
  const run = async (...answers: readonly Answer[]) => {
    house.provider.answers(...answers);
    const ticket = house.admit();
    for (const _ of answers) await call(ticket);
    return ticket;
  };

  it.each([
    ["auth", 401],
    ["quota", 402],
    ["overflow", 413],
    ["request", 404],
  ])("%s twice in a row ends the run", async (which, code) => {
    expect((await run(status(code))).givenUp.aborted).toBe(false);
    const ticket = await run(status(code), status(code));
    expect(ticket.givenUp.reason).toMatchObject({ kind: "trouble", trouble: { class: which, status: code } });
    const answer = await call(ticket);
    expect(answer.status).toBe(403);
    expect(errorOf(answer).code).toBe("run_given_up");
    expect(ticket.usage()).toMatchObject({ requests: 2, failures: 2 });
  });

  it("a success or another trouble in between begins anew", async () => {
    expect((await run(status(401), well, status(401))).givenUp.aborted).toBe(false);
    expect((await run(status(401), status(500), status(401))).givenUp.aborted).toBe(false);
  });

  it.each([500, 429, 529])("%i may pass, but not ten times in a row", async (code) => {
    const nine = Array.from({ length: 9 }, () => status(code));
    expect((await run(...nine)).givenUp.aborted).toBe(false);
    expect((await run(...nine, well, status(code))).givenUp.aborted).toBe(false);
    expect((await run(...nine, status(code))).givenUp.reason).toMatchObject({ kind: "trouble" });
  });

  it("ten troubles of any kind in a row are enough", async () => {
    const mixed = Array.from(
      { length: 10 },
      (_, index) => [status(500), status(401), page, status(429)][index % 4] ?? page,
    );
    const ticket = await run(...mixed);
    expect(ticket.givenUp.aborted).toBe(true);
    expect(ticket.usage().failures).toBe(10);
  });

  it("a success clears the trouble", async () => {
    const ticket = await run(status(500), well);
    expect(ticket.trouble()).toBeUndefined();
    expect(ticket.usage()).toMatchObject({ requests: 2, failures: 1 });
  });
});

describe("the provider's own words", () => {
  const detailOf = async (answer: Answer) => {
    house.provider.answers(answer);
    const ticket = house.admit();
    const received = await call(ticket);
    return { detail: ticket.trouble()?.detail ?? "", received, ticket };
  };

  it.each([
    ["a message on its own", { message: "Sorry" }, "HTTP 500: Sorry"],
    ["an error that is a sentence", { error: "Sorry" }, "HTTP 500: Sorry"],
    ["a detail", { detail: "Sorry" }, "HTTP 500: Sorry"],
    ["a list", [{ error: { code: 500, message: "Sorry" } }], "HTTP 500: Sorry"],
    ["something else", { x: 1 }, "HTTP 500"],
    ["a number", 7, "HTTP 500: 7"],
  ])("%s", async (_what, body, expected) => {
    expect((await detailOf(json(body, 500))).detail).toBe(expected);
  });

  it("of a web page the words are kept, and the agent gets an error it can read", async () => {
    const html = "<html><head><style>p{}</style><title>502 Bad Gateway</title></head><body><p>Sorry</body></html>";
    const { detail, received } = await detailOf(
      (res) => void res.writeHead(502, { "content-type": "text/html" }).end(html),
    );
    expect(detail).toBe("HTTP 502: 502 Bad Gateway Sorry");
    expect(errorOf(received).message).toBe(detail);
    expect(received.headers).toContain("application/json");
  });

  it("are taken from the beginning, however much there is to read", async () => {
    const { detail, received } = await detailOf(async (res) => {
      res.writeHead(503, { "content-type": "text/plain" });
      while (!res.destroyed) await new Promise((resolve) => res.write("Sorry. ".repeat(5000), resolve));
    });
    expect(received.status).toBe(503);
    expect(detail).toMatch(/^HTTP 503: Sorry\. Sorry\./);
  });

  it("are one clean line of at most 300 characters", async () => {
    const { detail } = await detailOf(
      refuses(500, { message: `a\u001b[31mb\r\n\tc\u202e\u{e0041}\0d ${"🙂x ".repeat(300)}` }),
    );
    expect(detail).toMatch(/^HTTP 500 invalid_request_error: ab cd 🙂x/u);
    expect([...detail].length).toBeGreaterThan(290);
    expect([...detail].length).toBeLessThanOrEqual(300);
    expect(detail).toMatch(/…$/);
  });
});

describe("the key", () => {
  const forms = [
    canary,
    [...canary].toReversed().join(""),
    Buffer.from(canary).toString("hex"),
    Buffer.from(canary).toString("base64"),
    encodeURIComponent(canary),
    canary.replaceAll("/", "\\/"),
  ];
  const echo = (res: Parameters<Answer>[0], code: number, type: string, body: string) =>
    void res.writeHead(code, { "content-type": type, "x-request-id": canary, "retry-after": canary }).end(body);
  const said = forms.join(" ");
  const escaped = [...canary].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join("");
  const answers: readonly (readonly [string, Answer])[] = [
    [
      "an error",
      (res) => echo(res, 401, "application/json", `{"error":{"message":"${said} ${escaped}","code":"${canary}"}}`),
    ],
    ["an error member", (res) => echo(res, 401, "application/json", `{"${canary}":{"a":["${said}"]}}`)],
    ["plain words", (res) => echo(res, 500, "text/plain", said)],
    ["a web page", (res) => echo(res, 502, "text/html", `<p>${said}</p>`)],
    ["a page with 200", (res) => echo(res, 200, "text/html", said)],
    ["a redirect", (res) => void res.writeHead(307, { location: `/?key=${canary}` }).end(canary)],
    ["an answer in one piece", (res) => echo(res, 200, "application/json", `{"output":["${canary}"]}`)],
    ["a content type", (res) => echo(res, 200, `text/event-stream; x=${canary}`, responsesStream)],
    [
      "a stream",
      (res) =>
        echo(
          res,
          200,
          "text/event-stream",
          `${event({ type: "x", y: canary })}data: ${canary.replaceAll("/", "\\/")}\n\n${completed}`,
        ),
    ],
    ["an error in a stream", (res) => echo(res, 200, "text/event-stream", event({ type: "error", message: canary }))],
    [
      "a stream in pieces",
      async (res) => {
        res.writeHead(200, eventStream);
        for (const one of `data: ${canary}${canary}\n\n`) await new Promise((resolve) => res.write(one, resolve));
        res.end(responsesStream);
      },
    ],
    [
      "a stream that ends within it",
      (res) => echo(res, 200, "text/event-stream", `${responsesStream}data: ${canary.slice(0, -1)}`),
    ],
  ];

  it.each(answers)("echoed in %s reaches neither the agent nor a trouble", async (_what, answer) => {
    const request: string[] = [];
    house.provider.answers((res, seen) => {
      request.push(seen.headers.authorization ?? "");
      return answer(res, seen);
    });
    const ticket = house.admit();
    const received = [await call(ticket), await call(ticket), await call(ticket)];
    // The control: it was really sent, so there was something to lose.
    expect(request).toContain(`Bearer ${canary}`);
    const all = JSON.stringify([received, ticket.trouble(), ticket.usage(), ticket.givenUp.reason]);
    const found = [...forms, escaped].filter(
      (form) => all.includes(form) || all.includes(JSON.stringify(form).slice(1, -1)),
    );
    expect(found).toEqual([]);
  });

  it("the token does not get into a trouble either, should a provider come to know it", async () => {
    const ticket = house.admit();
    house.provider.answers(refuses(500, { message: `who is ${ticket.token}?` }));
    await call(ticket);
    expect(ticket.trouble()?.detail).toBe("HTTP 500 invalid_request_error: who is [redacted]?");
  });

  it("that only begins to appear is no key, and everything gets through", async () => {
    const text = `${responsesStream}: ${canary.slice(0, 9)}\n\n: ${canary.slice(0, 9)}`;
    house.provider.answers(streams(text));
    expect((await call(house.admit())).text).toBe(text);
  });

  it("a short word that serves as a key does not blacken the answers", async () => {
    house.provider.answers(streams(`data: "run ollama"\n\n${responsesStream}`));
    expect((await call(house.admit({ provider: { key: "ollama" } }))).text).toContain("run ollama");
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
