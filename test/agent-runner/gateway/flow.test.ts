import { type EventEmitter, once } from "node:events";
import { Agent } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openGateway } from "../../../src/agent-runner/gateway/gateway.ts";
import { canary, useHouse } from "./house.ts";
import { begin, call, errorOf } from "./run-client.ts";
import {
  chatStart,
  counted,
  eventStream,
  fallsSilent,
  responsesStream,
  started,
  streams,
} from "./scripted-provider.ts";
import { selfSigned } from "./self-signed.ts";

const kib = 1 << 10;
const mib = 1 << 20;
const house = useHouse({ requestBytes: 64 * kib, heldBytes: 96 * kib, parallel: 4 });
const well = streams(responsesStream);
const body = '{"stream":true}';

describe("an answer on its way", () => {
  it("passes piece by piece: the next one comes only after the agent has the one before", async () => {
    const received: string[] = [];
    const pieces = ["event: a\n", "data: {}\n\n", `: ${canary.slice(0, 3)} is no key\n\n`, responsesStream];
    house.provider.answers(async (res) => {
      res.writeHead(200, eventStream).flushHeaders();
      for (const [index, piece] of pieces.entries()) {
        await expect.poll(() => received.join("")).toBe(pieces.slice(0, index).join(""));
        res.write(piece);
      }
      res.end();
    });
    const { req } = begin(house.admit());
    req.end(body);
    const [res] = await once(req, "response");
    for await (const chunk of res.setEncoding("utf8")) received.push(chunk);
    expect(received.join("")).toBe(pieces.join(""));
  });

  it("waits for a slow agent at the provider's, not in memory", async () => {
    const total = 256;
    const line = Buffer.from(`data: "${"x".repeat(mib - 10)}"\n\n`);
    let written = 0;
    house.provider.answers(async (res) => {
      res.writeHead(200, eventStream);
      for (; written < total; written += 1) if (!res.write(line)) await once(res, "drain");
      res.end(responsesStream);
    });
    const { gateway, ticket } = await ownGateway({ answerBytes: 512 * mib });
    const { req } = begin(ticket);
    req.end(body);
    const [res] = await once(req, "response");
    await steady(() => written);
    expect(written).toBeLessThan(64);
    let bytes = 0;
    for await (const chunk of res) bytes += chunk.length;
    expect(bytes).toBe(total * mib + Buffer.byteLength(responsesStream));
    expect(ticket.usage()).toMatchObject({ failures: 0, ...counted });
    await gateway.close();
  });

  it.each([
    ["plain", (text: Buffer) => text, {}],
    ["unpacked from little", gzipSync, { "content-encoding": "gzip" }],
  ] as const)("without an end is cut at a size (%s)", async (_what, pack, headers) => {
    house.provider.answers((res) => {
      res.writeHead(200, { ...eventStream, ...headers });
      res.write(pack(Buffer.from(": endless\n\n".repeat(20_000))));
    });
    const { gateway, ticket } = await ownGateway({ answerBytes: 100_000 });
    expect(await call(ticket)).toMatchObject({ status: 200, cut: true });
    await house.provider.hungUp();
    expect(ticket.trouble()).toEqual({ class: "unavailable", detail: "An answer went on for more than 100000 bytes." });
    await gateway.close();
  });
});

describe("an agent that leaves", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ["before the answer", fallsSilent(""), false],
    ["in the middle", fallsSilent(started), true],
  ])("%s ends the provider's work and is no trouble", async (_what, answer, answered) => {
    house.provider.answers(answer, well);
    const ticket = house.admit({ caps: { requests: 9, tokens: 1000 } });
    const { req } = begin(ticket);
    req.end(JSON.stringify({ input: "x".repeat(4000) }));
    if (answered) await once(req, "response");
    else await expect.poll(() => house.provider.seen.length).toBe(1);
    req.destroy();
    await house.provider.hungUp();
    await expect.poll(() => ticket.activity().inFlight).toBe(0);
    expect(ticket.trouble()).toBeUndefined();
    expect(ticket.usage()).toEqual({ requests: 1, failures: 0, input: 0, cachedInput: 0, output: 0 });
    // What it had read by then is no way around the cap.
    expect((await call(ticket)).status).toBe(403);
    expect(ticket.givenUp.reason).toEqual({ kind: "cap", which: "tokens" });
  });

  it.each([
    ["the last event", "openai-responses", responsesStream, counted],
    ["the finish reason", "openai-chat", chatStart, { input: 0, output: 0 }],
  ] as const)("at %s had a good answer", async (_what, api, text, tokens) => {
    house.provider.answers((res) => void res.writeHead(500).end("Sorry"), fallsSilent(text));
    const ticket = house.admit({ provider: { api } });
    const path = api === "openai-chat" ? "/v1/chat/completions" : "/v1/responses";
    await call(ticket, { path });
    const { req } = begin(ticket, { path });
    req.end(body);
    const [res] = await once(req, "response");
    let received = "";
    res.setEncoding("utf8").on("data", (piece: string) => {
      received += piece;
    });
    await expect.poll(() => received).toBe(text);
    req.destroy();
    await house.provider.hungUp();
    await expect.poll(() => ticket.activity().inFlight).toBe(0);
    expect(ticket.trouble()).toBeUndefined();
    expect(ticket.usage()).toMatchObject({ failures: 1, ...tokens });
  });

  it("by not reading any more is cut, and that is not the provider's silence", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let written = 0;
    house.provider.answers(async (res) => {
      res.writeHead(200, eventStream);
      for (; written < 64 && !res.destroyed; written += 1) {
        if (!res.write(Buffer.alloc(mib, "x"))) await Promise.race([once(res, "drain"), once(res, "close")]);
      }
    });
    const ticket = house.admit({ idleMs: 60_000 });
    const { req } = begin(ticket);
    req.end(body);
    await once(req, "response");
    await steady(() => written);
    vi.advanceTimersByTime(60_000);
    await house.provider.hungUp();
    await expect.poll(() => ticket.activity().inFlight).toBe(0);
    expect(ticket.trouble()).toBeUndefined();
    req.destroy();
  });

  it("before its request is complete costs nothing", async () => {
    const ticket = house.admit();
    const { req } = begin(ticket);
    req.write('{"input":');
    req.destroy();
    await closed(req);
    house.provider.answers(well);
    await call(ticket);
    expect(ticket.usage()).toMatchObject({ requests: 1, failures: 0 });
  });
});

describe("the size of a request", () => {
  const ofSize = (bytes: number) => JSON.stringify({ input: "x".repeat(bytes - 12) });

  it("may be what the limit says, and the provider gets all of it", async () => {
    house.provider.answers(well);
    expect((await call(house.admit(), { body: ofSize(64 * kib) })).status).toBe(200);
    expect(house.provider.seen[0]?.body).toBe(ofSize(64 * kib));
  });

  it("is refused one byte above it, also when nobody said how long it is, and the sender hears it", async () => {
    const ticket = house.admit();
    const length = { "content-length": String(64 * kib + 1) };
    for (const headers of [{}, length]) {
      const answer = await call(ticket, { body: ofSize(64 * kib + 1), headers });
      expect(answer.status).toBe(413);
      expect(errorOf(answer).code).toBe("request_too_large");
    }
    expect(house.provider.seen).toEqual([]);
    expect(ticket.usage().requests).toBe(0);
  });

  it("leaves the connection usable when it was refused for it", async () => {
    house.provider.answers(well);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ticket = house.admit();
    expect((await call(ticket, { body: ofSize(8 * mib), agent })).status).toBe(413);
    expect((await call(ticket, { agent })).status).toBe(200);
    agent.destroy();
  });

  it("counts together with the run's other requests until they are sent, and again from nothing afterwards", async () => {
    house.provider.answers(well);
    const ticket = house.admit();
    const { req } = begin(ticket);
    req.write(ofSize(60 * kib).slice(0, -2));
    await expect.poll(async () => (await call(ticket, { body: ofSize(40 * kib) })).status).toBe(413);
    expect((await call(house.admit(), { body: ofSize(40 * kib) })).status).toBe(200);
    req.end('"}');
    await once(req, "response");
    for (let round = 0; round < 5; round += 1) {
      expect((await call(ticket, { body: ofSize(40 * kib) })).status).toBe(200);
    }
  });

  it("of requests that are refused for the budget is not held", async () => {
    const ticket = house.admit({ caps: { requests: 0, tokens: 1 } });
    for (let round = 0; round < 4; round += 1) {
      expect((await call(ticket, { body: ofSize(40 * kib) })).status).toBe(403);
    }
  });

  it("a compressed request is refused: nobody could judge it", async () => {
    const answer = await call(house.admit(), { body: gzipSync(body), headers: { "content-encoding": "gzip" } });
    expect(answer.status).toBe(415);
    expect(house.provider.seen).toEqual([]);
  });

  it("a sender that never finishes is cut off", async () => {
    const { gateway, ticket } = await ownGateway({ requestMs: 50 });
    const { req } = begin(ticket);
    req.write("{");
    await closed(req);
    expect(ticket.usage().requests).toBe(0);
    const [address = "", port] = ticket.host.split(":");
    const socket = connect(Number(port), address);
    socket.write("POST /v1/responses HTTP/1.1\r\nhost: x\r\nx-slow: ");
    await closed(socket.resume());
    await gateway.close();
  });
});

describe("many at once", () => {
  it("one run may have so many requests open, the others wait for their own turn", async () => {
    house.provider.answers(fallsSilent(started));
    const ticket = house.admit();
    const open = Array.from({ length: 4 }, () => begin(ticket).req.end(body));
    await Promise.all(open.map((req) => once(req, "response")));
    expect(ticket.activity().inFlight).toBe(4);
    const answer = await call(ticket);
    expect(answer.status).toBe(429);
    expect(errorOf(answer).code).toBe("too_many_at_once");
    house.provider.answers(well);
    expect((await call(house.admit())).status).toBe(200);
    expect(ticket.usage()).toMatchObject({ requests: 4, failures: 0 });
    open[0]?.destroy();
    await expect.poll(() => ticket.activity().inFlight).toBe(3);
    expect((await call(ticket)).status).toBe(200);
  });

  it("forty runs with four requests each have their own books", async () => {
    house.provider.answers(well);
    const tickets = Array.from({ length: 40 }, () => house.admit());
    await Promise.all(tickets.flatMap((ticket) => Array.from({ length: 4 }, () => call(ticket))));
    for (const ticket of tickets) {
      expect(ticket.usage()).toEqual({ requests: 4, failures: 0, input: 4800, cachedInput: 4000, output: 136 });
    }
  });
});

describe("the connection to the provider", () => {
  it("is kept for the next request", async () => {
    house.provider.answers(well);
    const ticket = house.admit();
    for (let round = 0; round < 3; round += 1) await call(ticket);
    expect(house.provider.sockets()).toBe(1);
  });

  it("that was closed just when it was to be used again is replaced without a trouble", async () => {
    house.provider.answers(well, (res) => void res.destroy(), well);
    const ticket = house.admit();
    await call(ticket);
    expect((await call(ticket)).status).toBe(200);
    expect(house.provider.seen).toHaveLength(3);
    expect(house.provider.seen[2]?.body).toBe(house.provider.seen[1]?.body);
    expect(ticket.usage()).toMatchObject({ requests: 2, failures: 0 });
  });

  it("that was closed when it was new is a trouble, and nothing is sent twice", async () => {
    house.provider.answers((res) => void res.destroy());
    const ticket = house.admit();
    expect((await call(ticket)).status).toBe(502);
    expect(house.provider.seen).toHaveLength(1);
    expect(ticket.trouble()).toMatchObject({ class: "unavailable" });
  });

  it("is only made to a certificate that is trusted", async () => {
    const { key, cert } = selfSigned();
    const keys: unknown[] = [];
    const server = createServer({ key, cert }, (req, res) => {
      keys.push(req.headers.authorization);
      req.resume().on("end", () => res.writeHead(200, eventStream).end(responsesStream));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const before = getCACertificates("default");
    try {
      const stranger = house.admit({ provider: { baseUrl } });
      expect((await call(stranger)).status).toBe(502);
      expect(stranger.trouble()?.detail).toMatch(/SELF_SIGNED_CERT/);
      expect(keys).toEqual([]);
      setDefaultCACertificates([...before, cert]);
      const { gateway, ticket } = await ownGateway({}, baseUrl);
      expect(await call(ticket)).toMatchObject({ status: 200, text: responsesStream });
      expect(keys).toEqual([`Bearer ${canary}`]);
      await gateway.close();
    } finally {
      setDefaultCACertificates(before);
      server.closeAllConnections();
      server.close();
    }
  });
});

async function ownGateway(limits: object, baseUrl = house.provider.baseUrl) {
  const gateway = await openGateway({ limits });
  const ticket = gateway.admit({
    provider: { api: "openai-responses", baseUrl, key: canary },
    caps: { requests: 9, tokens: 1e6 },
    idleMs: 30_000,
  });
  return { gateway, ticket };
}

function closed(one: EventEmitter): Promise<unknown> {
  return new Promise((resolve) => one.once("close", resolve));
}

/** Waits until a number has stayed the same for a while. Too short a while only makes a check weaker, never wrong. */
async function steady(value: () => number): Promise<void> {
  let same = 0;
  let last = -1;
  const look = () => {
    same = value() === last && last > 0 ? same + 1 : 0;
    last = value();
    return same;
  };
  await expect.poll(look, { interval: 20, timeout: 30_000 }).toBeGreaterThan(15);
}
