import { verify } from "node:crypto";
import nock from "nock";
import { describe, expect, test } from "vitest";
import {
  api,
  appId,
  failureOf,
  githubWith,
  manualClock,
  minting,
  onlyAnnouncedCalls,
  privateKey,
  publicKey,
  shop,
  tokenRoute,
} from "./support.ts";

onlyAnnouncedCalls();

const tokenFor = (github: ReturnType<typeof githubWith>, purpose: "read" | "converse" | "push") =>
  github.token(shop.repository, shop.installationId, purpose);

describe("installation tokens", () => {
  test("are narrowed to one repository and to the permissions of their purpose", async () => {
    const asked = minting({ times: 3 });
    const github = githubWith();
    await tokenFor(github, "push");
    await tokenFor(github, "converse");
    await tokenFor(github, "read");
    expect(asked.map((each) => each.body)).toEqual([
      { repository_ids: [812], permissions: { metadata: "read", contents: "write" } },
      {
        repository_ids: [812],
        permissions: { metadata: "read", contents: "read", issues: "write", pull_requests: "write", checks: "write" },
      },
      {
        repository_ids: [812],
        permissions: {
          metadata: "read",
          contents: "read",
          issues: "read",
          pull_requests: "read",
          checks: "read",
          statuses: "read",
        },
      },
    ]);
  });

  test("are minted as the app, with a signed claim that GitHub accepts although the clocks differ by a minute", async () => {
    const asked = minting();
    const { clock } = manualClock();
    await tokenFor(githubWith({ clock }), "read");
    const [scheme, jwt = ""] = String(asked[0]?.authorization).split(" ");
    const [header = "", claims = "", signature = ""] = jwt.split(".");
    expect(scheme).toBe("bearer");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({ alg: "RS256", typ: "JWT" });
    const now = clock.now() / 1000;
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toEqual({
      iss: appId,
      iat: now - 60,
      exp: now + 480,
    });
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))).toBe(true);
  });

  test("are minted at the Enterprise server's own address", async () => {
    minting({ host: "http://ghe.test:8080/api/v3" });
    const github = githubWith({ host: "ghe.test:8080", protocol: "http" });
    expect(await tokenFor(github, "read")).toBe("ghs_first");
    expect(github.cloneUrl(shop.repository)).toBe("http://ghe.test:8080/acme/shop.git");
  });

  test("are used again for 50 minutes and then replaced", async () => {
    minting({ times: 2 });
    const { clock, passes } = manualClock();
    const github = githubWith({ clock });
    expect(await tokenFor(github, "push")).toBe("ghs_first");
    passes(50 * 60_000 - 1);
    expect(await tokenFor(github, "push")).toBe("ghs_first");
    passes(1);
    expect(await tokenFor(github, "push")).toBe("ghs_second");
  });

  test("are minted once for callers who ask at the same time", async () => {
    minting();
    const github = githubWith();
    expect(await Promise.all([tokenFor(github, "read"), tokenFor(github, "read")])).toEqual(["ghs_first", "ghs_first"]);
  });

  test("differ between repositories", async () => {
    const asked = minting({ times: 2 });
    const github = githubWith();
    await tokenFor(github, "read");
    await github.token({ id: 900, owner: "acme", name: "other" }, shop.installationId, "read");
    expect(asked.map((each) => (each.body as { repository_ids: number[] }).repository_ids)).toEqual([[812], [900]]);
  });

  test("that git reports as refused are replaced", async () => {
    minting({ times: 2 });
    const github = githubWith();
    github.forgetToken(await tokenFor(github, "push"));
    expect(await tokenFor(github, "push")).toBe("ghs_second");
  });

  test("are asked for again after a minting that failed", async () => {
    nock(api).post(tokenRoute).reply(502, "<html>bad gateway</html>");
    minting();
    const github = githubWith();
    expect((await failureOf(tokenFor(github, "read"))).code).toBe("doubt");
    expect(await tokenFor(github, "read")).toBe("ghs_first");
  });

  test("that the installation did not grant are a missing permission, not a bad request", async () => {
    nock(api)
      .post(tokenRoute)
      .reply(422, { message: "The permissions requested are not granted to this installation." });
    const failure = await failureOf(tokenFor(githubWith(), "push"));
    expect(failure).toMatchObject({ code: "forbidden", status: 422 });
    expect(failure.message).toContain("not granted to this installation");
  });

  test("are not minted again when the app's own key is refused", async () => {
    nock(api).post(tokenRoute).reply(401, { message: "A JSON web token could not be decoded" });
    expect((await failureOf(tokenFor(githubWith(), "read"))).code).toBe("unauthorised");
  });
});

describe("a token that died early", () => {
  const comments = "/repos/acme/shop/issues/7/comments";
  const as = (token: string) => ({ reqheaders: { authorization: `token ${token}` } });

  test("is replaced once, and the write is tried once more", async () => {
    minting({ times: 2 });
    nock(api, as("ghs_first")).post(comments).reply(401, { message: "Bad credentials" });
    nock(api, as("ghs_second")).post(comments).reply(201, { id: 5 });
    expect(await githubWith().createComment(shop, 7, "hello")).toEqual({ id: 5 });
  });

  test("is not replaced a second time in the same call", async () => {
    minting({ times: 2 });
    nock(api).post(comments).times(2).reply(401, { message: "Bad credentials" });
    expect((await failureOf(githubWith().createComment(shop, 7, "hello"))).code).toBe("unauthorised");
  });
});

test.each([
  ["text that is no key", "not a key at all"],
  ["a public key", publicKey],
  ["a key that is cut off", privateKey.slice(0, 400)],
])("%s is refused at once, without repeating it", (_what, key) => {
  const message = "the app's private key is not an RSA key in PEM format";
  expect(() => githubWith({ privateKey: key })).toThrow(expect.objectContaining({ code: "bad_private_key", message }));
});
