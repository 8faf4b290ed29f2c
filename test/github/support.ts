import { generateKeyPairSync } from "node:crypto";
import nock from "nock";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type At, type Clock, createGitHub, type GitHub } from "../../src/github/index.ts";

export const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});

export const appId = 4711;
export const api = "https://api.github.com";
export const shop: At = { repository: { id: 812, owner: "acme", name: "shop" }, installationId: 99 };
export const tokenRoute = "/app/installations/99/access_tokens";

/** Time that moves only when a test moves it, or when somebody sleeps. */
export function manualClock(start = Date.parse("2026-03-01T12:00:00Z")) {
  let now = start;
  const slept: number[] = [];
  const clock: Clock = {
    now: () => now,
    async sleep(milliseconds) {
      slept.push(milliseconds);
      now += milliseconds;
    },
  };
  return {
    clock,
    slept,
    passes: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

/** The adapter against api.github.com, which nock plays. */
export function githubWith(settings: Partial<Parameters<typeof createGitHub>[0]> = {}): GitHub {
  return createGitHub({ appId, privateKey, clock: manualClock().clock, ...settings });
}

/** Answers mintings with `ghs_first`, `ghs_second`, … and keeps what was asked for. */
export function minting(options: { readonly times?: number; readonly host?: string } = {}) {
  const names = ["first", "second", "third", "fourth", "fifth"];
  const asked: { body: unknown; authorization: string }[] = [];
  nock(options.host ?? api)
    .post(new RegExp(`${tokenRoute}$`))
    .times(options.times ?? 1)
    .reply(async (request: Request) => {
      asked.push({ body: await request.json(), authorization: String(request.headers.get("authorization")) });
      return [201, { token: `ghs_${names[asked.length - 1]}`, expires_at: "2026-03-01T13:00:00Z" }];
    });
  return asked;
}

/** The network is nock's for the whole file, and no announced call may stay unused. */
export function onlyAnnouncedCalls(): void {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => {
    const unused = nock.pendingMocks();
    nock.cleanAll();
    expect(unused).toEqual([]);
  });
  afterAll(() => {
    nock.enableNetConnect();
    nock.restore();
  });
}

/** What a call failed with, as plain data. */
export async function failureOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await call.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  if (!error) throw new Error("the call succeeded");
  return { ...error, name: error.name, message: error.message, cause: error.cause };
}
