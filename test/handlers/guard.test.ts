import { fork } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { createIngress } from "../../src/handlers/guard.ts";
import { assertStrongSecret } from "../../src/handlers/secret.ts";
import {
  delivery,
  type Running,
  type Sent,
  secret,
  send,
  sendForever,
  sendRaw,
  sign,
  startIngress,
} from "./ingress.ts";

const body = JSON.stringify({ action: "labeled", issue: { number: 7 }, label: { name: "agent" } });
const open: Running[] = [];

async function ingress(...args: Parameters<typeof startIngress>): Promise<Running> {
  const running = await startIngress(...args);
  open.push(running);
  return running;
}

afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});

describe("a delivery", () => {
  it("is answered 202 after it was accepted, with its raw bytes", async () => {
    const { port, accepted } = await ingress();
    const bytes = Buffer.from(`  ${body}\n`);
    expect(await send(port, delivery(bytes))).toBe(202);
    expect(accepted).toEqual([
      {
        id: "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        event: "issues",
        action: "labeled",
        rawBody: bytes,
        payload: JSON.parse(body),
      },
    ]);
  });

  it("is not answered before accept has finished", async () => {
    const order: string[] = [];
    let commit = () => {};
    const { port } = await ingress({
      accept: () =>
        new Promise((resolve) => {
          order.push("accept");
          commit = () => {
            order.push("commit");
            resolve();
          };
          setImmediate(() => setImmediate(() => commit()));
        }),
    });
    await send(port, delivery(body)).then(() => order.push("answer"));
    expect(order).toEqual(["accept", "commit", "answer"]);
  });

  it("is answered 500 when it could not be stored", async () => {
    const { port, failures } = await ingress({ accept: () => Promise.reject(new Error("database is away")) });
    expect(await send(port, delivery(body))).toBe(500);
    expect(failures).toEqual([new Error("database is away")]);
  });

  it("is answered 400 when its payload is not understood", async () => {
    const unreadable = Object.assign(new Error("odd"), { code: "unreadable_payload" });
    const { port } = await ingress({ accept: () => Promise.reject(unreadable) });
    expect(await send(port, delivery(body))).toBe(400);
  });

  it("is passed on each time it comes: telling doubles apart is the store's work", async () => {
    const { port, accepted } = await ingress();
    const statuses = await Promise.all(Array.from({ length: 50 }, () => send(port, delivery(body))));
    expect(new Set(statuses)).toEqual(new Set([202]));
    expect(accepted).toHaveLength(50);
  });

  it("may be as large as GitHub sends them", async () => {
    const { port, accepted } = await ingress();
    const large = JSON.stringify({ action: "opened", issue: { body: "a".repeat(25 * 1024 * 1024) } });
    expect(await send(port, delivery(large))).toBe(202);
    expect(accepted[0]?.rawBody.length).toBe(large.length);
  });

  it("may carry dangerous keys without effect", async () => {
    const { port, accepted } = await ingress();
    const odd =
      '{"action":"labeled","issue":{"id":1},"issue":{"id":9007199254740993},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    expect(await send(port, delivery(odd))).toBe(202);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(accepted[0]?.rawBody.toString()).toBe(odd);
  });
});

describe("what is no delivery of GitHub's", () => {
  const one = sign(body);
  it.each<[string, Sent, number]>([
    ["no signature", delivery(body, { "x-hub-signature-256": undefined }), 401],
    ["an empty signature", delivery(body, { "x-hub-signature-256": "" }), 401],
    ["a signature with another secret", delivery(body, { "x-hub-signature-256": sign(body, `${secret}x`) }), 401],
    ["a truncated signature", delivery(body, { "x-hub-signature-256": one.slice(0, -1) }), 401],
    ["a longer signature", delivery(body, { "x-hub-signature-256": `${one}0` }), 401],
    [
      "one digit changed",
      delivery(body, { "x-hub-signature-256": one.replace(/.$/, (d) => (d === "0" ? "1" : "0")) }),
      401,
    ],
    ["an upper case signature", delivery(body, { "x-hub-signature-256": one.toUpperCase() }), 401],
    ["a signature without algorithm", delivery(body, { "x-hub-signature-256": one.slice(7) }), 401],
    ["two signatures", delivery(body, { "x-hub-signature-256": [one, one] }), 401],
    [
      "the old SHA-1 signature only",
      delivery(body, { "x-hub-signature-256": undefined, "x-hub-signature": "sha1=00" }),
      401,
    ],
    ["a byte changed", delivery(body.replace("7", "8"), { "x-hub-signature-256": one }), 401],
    ["a byte appended", delivery(`${body} `, { "x-hub-signature-256": one }), 401],
    ["an empty body", delivery(""), 400],
    ["a form", delivery(body, { "content-type": "application/x-www-form-urlencoded" }), 415],
    ["another charset", delivery(body, { "content-type": "application/json; charset=utf-16" }), 415],
    ["no content type", delivery(body, { "content-type": undefined }), 415],
    ["a compressed body", delivery(body, { "content-encoding": "gzip" }), 415],
    ["no delivery id", delivery(body, { "x-github-delivery": undefined }), 400],
    ["an endless delivery id", delivery(body, { "x-github-delivery": "a".repeat(65) }), 400],
    ["a delivery id that is no id", delivery(body, { "x-github-delivery": "'; drop table delivery; --" }), 400],
    ["no event name", delivery(body, { "x-github-event": undefined }), 400],
    ["an odd event name", delivery(body, { "x-github-event": "__proto__.x" }), 400],
    ["something that is not JSON", delivery("{"), 400],
    ["a JSON array", delivery("[]"), 400],
    ["JSON null", delivery("null"), 400],
    ["broken UTF-8", delivery(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 400],
    ["JSON 100,000 deep", delivery(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), 400],
  ])("%s is refused and reaches nobody", async (_name, sent, status) => {
    const { port, accepted } = await ingress();
    expect(await send(port, sent)).toBe(status);
    expect(accepted).toEqual([]);
  });

  it.each([
    ["an issue", "issue_comment", { action: "created", issue: {} }],
    ["a comment", "issues", { action: "labeled", issue: {}, comment: {} }],
    ["a pull request", "issues", { action: "closed", pull_request: {} }],
    ["an issue", "pull_request", { action: "labeled", issue: {} }],
    ["a review", "pull_request", { action: "closed", pull_request: {}, review: {} }],
    ["an issue", "push", { action: "labeled", issue: {} }],
    ["an issue", "installation", { action: "deleted", issue: {}, installation: {} }],
    ["an issue", "repository", { action: "deleted", issue: {}, repository: {} }],
    ["an issue", "star", { action: "created", issue: {} }],
    ["a comment", "constructor", { action: "created", issue: {}, comment: {} }],
  ])("%s under the name %s is refused", async (_what, event, payload) => {
    const { port, accepted } = await ingress();
    expect(await send(port, delivery(JSON.stringify(payload), { "x-github-event": event }))).toBe(400);
    expect(accepted).toEqual([]);
  });

  it.each([
    ["issue_comment", { action: "created", issue: {}, comment: {} }],
    ["pull_request", { action: "closed", number: 1, pull_request: {} }],
    ["installation", { action: "deleted", installation: {}, repositories: [] }],
    ["installation_repositories", { action: "added", installation: {}, repositories_added: [] }],
    ["repository", { action: "renamed", repository: {}, changes: {} }],
    ["push", { ref: "refs/heads/main", before: "0", after: "1", commits: [] }],
    ["status", { sha: "0", state: "success", context: "ci", commit: {}, branches: [] }],
    ["ping", { zen: "Design for failure.", hook_id: 1, hook: {} }],
    ["check_run", { action: "completed", check_run: {} }],
    ["star", { action: "created", starred_at: null, repository: {} }],
  ])("but %s with its own body is accepted", async (event, payload) => {
    const { port } = await ingress();
    expect(await send(port, delivery(JSON.stringify(payload), { "x-github-event": event }))).toBe(202);
  });
});

describe("other paths", () => {
  it.each([
    ["GET", "/"],
    ["GET", "/probot"],
    ["GET", "/probot/setup"],
    ["POST", "/probot/import"],
    ["GET", "/probot/static/primer.css"],
    ["GET", "/api/github/webhooks"],
    ["PUT", "/api/github/webhooks"],
    ["POST", "/api/github/webhooks/"],
    ["POST", "/api/github/webhooks/../webhooks"],
    ["POST", "/healthz"],
    ["GET", "/metrics"],
  ])("%s %s is not found", async (method, path) => {
    const { port, accepted } = await ingress();
    const sent = method === "GET" ? {} : delivery(body);
    expect(await send(port, { ...sent, method, path })).toBe(404);
    expect(accepted).toEqual([]);
  });

  it("tell that the process lives, and whether it is ready", async () => {
    const { port } = await ingress({ readiness: async () => ({ kind: "not_ready", reason: "no database" }) });
    expect(await send(port, { path: "/healthz" })).toBe(200);
    expect(await send(port, { path: "/readyz" })).toBe(503);
    const ready = await ingress();
    expect(await send(ready.port, { path: "/readyz" })).toBe(200);
  });
});

describe("a flood", () => {
  const endless = delivery("", { "transfer-encoding": "chunked" });

  it("is answered 413 in the middle of the body", async () => {
    const { port, accepted } = await ingress({}, { maxBytes: 1024 * 1024 });
    expect(await sendForever(port, endless)).toBe(413);
    expect(accepted).toEqual([]);
  });

  it("is answered 413 before the body when it announces its size", async () => {
    const { port } = await ingress();
    const announced = await sendRaw(port, rawHead("content-length: 400000000"));
    expect(announced).toMatch(/^HTTP\/1\.1 413 /);
  });

  it("of 50 endless posts at once grows the memory by less than 150 MB", async () => {
    const child = fork(new URL("./ingress-process.ts", import.meta.url), { execArgv: [] });
    try {
      const [{ port }] = await once(child, "message");
      const rss = async () => {
        child.send("rss");
        const [answer] = await once(child, "message");
        return answer.rss as number;
      };
      await send(port, delivery(body));
      const before = await rss();
      let peak = before;
      let over = false;
      const posts = Promise.all(Array.from({ length: 50 }, () => sendForever(port, endless))).finally(() => {
        over = true;
      });
      while (!over) peak = Math.max(peak, await rss());
      for (const end of await posts) expect([413, 408, "cut"]).toContain(end);
      expect(peak - before).toBeLessThan(150 * 1024 * 1024);
      expect(await send(port, delivery(body))).toBe(202);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  it("of large bodies leaves the way free for small ones", async () => {
    const { port, accepted } = await ingress({}, { largeBodies: 1, freeBytes: 1024, requestMs: 5000, headersMs: 1000 });
    const stuck = [0, 1, 2].map(() => sendRaw(port, `${rawHead("content-length: 9000")}${"a".repeat(2000)}`));
    expect(await send(port, delivery(body))).toBe(202);
    expect(accepted).toHaveLength(1);
    await open.pop()?.close();
    await Promise.allSettled(stuck);
  });

  it("of large bodies is served one after the other", async () => {
    const { port } = await ingress({}, { largeBodies: 1, freeBytes: 1024 });
    const large = JSON.stringify({ action: "opened", issue: { body: "a".repeat(300_000) } });
    const statuses = await Promise.all(Array.from({ length: 20 }, () => send(port, delivery(large))));
    expect(new Set(statuses)).toEqual(new Set([202]));
  });

  it.each([
    ["says nothing", ""],
    ["never ends its headers", "POST /api/github/webhooks HTTP/1.1\r\nhost: x\r\nx-a: b"],
    ["never ends its body", `${rawHead("content-length: 100")}{`],
    ["never ends its chunks", `${rawHead("transfer-encoding: chunked")}1\r\n{\r\n`],
  ])("by somebody who %s is cut off", async (_name, text) => {
    const { port, accepted } = await ingress({}, { headersMs: 100, requestMs: 200, checkMs: 50 });
    expect(await sendRaw(port, text)).toMatch(/^(HTTP\/1\.1 408 .*)?/s);
    expect(accepted).toEqual([]);
  });

  it("by somebody who waits for a slot is cut off too", async () => {
    const { port } = await ingress({}, { largeBodies: 0, freeBytes: 10, headersMs: 100, requestMs: 200, checkMs: 50 });
    await sendRaw(port, `${rawHead("content-length: 100")}${"a".repeat(50)}`);
  });

  it("of headers is refused", async () => {
    const { port } = await ingress();
    expect(await sendRaw(port, `GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ${"a".repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });
});

describe("the webhook secret", () => {
  it.each([
    ["unset", undefined],
    ["empty", ""],
    ["Probot's default", "development"],
    ["31 bytes", "0123456789abcdef0123456789abcde"],
    ["one letter, often", "a".repeat(64)],
  ])("is refused when it is %s, with the next step", (_name, weak) => {
    expect(() => assertStrongSecret(weak)).toThrow(
      expect.objectContaining({ code: "weak_secret", message: expect.stringContaining("openssl rand -hex 32") }),
    );
  });

  it("is checked before anything listens", () => {
    const accept = async () => {};
    const readiness = async () => ({ kind: "ready" as const });
    expect(() => createIngress({ secret: "development", accept, readiness, onFailure: () => {} })).toThrow(
      /WEBHOOK_SECRET/,
    );
  });

  it("is accepted from 32 random bytes on", () => {
    expect(() => assertStrongSecret(secret)).not.toThrow();
  });
});

function rawHead(length: string): string {
  const { headers, path } = delivery("");
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return ["POST ", path, " HTTP/1.1\r\nhost: x\r\n", [...lines, length].join("\r\n"), "\r\n\r\n"].join("");
}
