import nock from "nock";
import { describe, expect, test } from "vitest";
import { api, failureOf, githubWith, minting, onlyAnnouncedCalls, shop } from "./support.ts";

onlyAnnouncedCalls();

describe("who may push", () => {
  const ann = { id: 11, login: "ann" };
  const answerWith = (status: number, body: object) =>
    nock(api).get("/repos/acme/shop/collaborators/ann/permission").reply(status, body);

  test.each([
    ["admin", "admin", { permission: "admin", mayPush: true }],
    ["write", "maintain", { permission: "maintain", mayPush: true }],
    ["write", "write", { permission: "write", mayPush: true }],
    ["write", "release-manager", { permission: "write", mayPush: true }],
    ["read", "triage", { permission: "triage", mayPush: false }],
    ["read", "read", { permission: "read", mayPush: false }],
    ["none", "none", { permission: "none", mayPush: false }],
  ])("%s with the role %s", async (permission, role_name, expected) => {
    minting();
    answerWith(200, { permission, role_name, user: { id: 11 } });
    expect(await githubWith().permissionOf(shop, ann)).toEqual(expected);
  });

  test("nobody whom GitHub does not know here", async () => {
    minting();
    answerWith(404, { message: "ann is not a user" });
    expect(await githubWith().permissionOf(shop, ann)).toEqual({ permission: "none", mayPush: false });
  });

  test("not a stranger who took over a writer's login", async () => {
    minting();
    answerWith(200, { permission: "admin", role_name: "admin", user: { id: 999 } });
    expect(await githubWith().permissionOf(shop, ann)).toEqual({ permission: "none", mayPush: false });
  });

  test("is asked anew every time", async () => {
    minting();
    answerWith(200, { permission: "write", role_name: "write", user: { id: 11 } });
    answerWith(200, { permission: "read", role_name: "read", user: { id: 11 } });
    const github = githubWith();
    expect((await github.permissionOf(shop, ann)).mayPush).toBe(true);
    expect((await github.permissionOf(shop, ann)).mayPush).toBe(false);
  });

  test.each([
    ["a server error", 500, "doubt"],
    ["a missing permission of our own", 403, "forbidden"],
    ["a moved repository", 301, "not_found"],
  ])("is not decided by %s", async (_what, status, code) => {
    minting();
    answerWith(status, { message: "no" });
    expect((await failureOf(githubWith().permissionOf(shop, ann))).code).toBe(code);
  });
});

describe("the policy file", () => {
  const repository = (fields: object = {}) =>
    nock(api)
      .get("/repos/acme/shop")
      .reply(200, { id: 812, default_branch: "trunk", ...fields });
  const content = (status: number, body: object) =>
    nock(api)
      .get("/repos/acme/shop/contents/.github%2Fagent.yml")
      .query({ ref: "trunk" })
      .reply(status, body as nock.Body);
  const file = (bytes: Buffer) => ({
    type: "file",
    size: bytes.length,
    sha: "abc",
    encoding: "base64",
    content: bytes.toString("base64").replace(/(.{60})/g, "$1\n"),
  });

  test("is read from the default branch", async () => {
    minting();
    repository();
    const text = "# Größe\nlabel: agent\n".repeat(9);
    content(200, file(Buffer.from(text)));
    expect(await githubWith().readPolicyFile(shop)).toEqual({ kind: "found", text, sha: "abc", branch: "trunk" });
  });

  test("may be absent", async () => {
    minting();
    repository();
    content(404, { message: "Not Found" });
    expect(await githubWith().readPolicyFile(shop)).toEqual({ kind: "absent", branch: "trunk" });
  });

  test.each([
    ["a directory", [{ type: "file", name: "x" }]],
    ["a submodule", { type: "submodule", size: 0, sha: "abc" }],
    ["no text", file(Buffer.from([0xff, 0xfe, 0x00]))],
  ])("may be %s, which is no file for us", async (_what, body) => {
    minting();
    repository();
    content(200, body);
    expect(await githubWith().readPolicyFile(shop)).toEqual({ kind: "not_a_file", branch: "trunk" });
  });

  test.each([
    [64 * 1024, "found"],
    [64 * 1024 + 1, "too_large"],
  ])("of %i bytes is %s", async (bytes, kind) => {
    minting();
    repository();
    content(200, file(Buffer.alloc(bytes, "#")));
    expect((await githubWith().readPolicyFile(shop)).kind).toBe(kind);
  });

  test("is not absent because the whole repository cannot be read", async () => {
    minting();
    nock(api).get("/repos/acme/shop").reply(404, { message: "Not Found" });
    expect((await failureOf(githubWith().readPolicyFile(shop))).code).toBe("not_found");
  });

  test("of another repository with the old name is not read", async () => {
    minting();
    repository({ id: 5 });
    expect((await failureOf(githubWith().readPolicyFile(shop))).code).toBe("not_found");
  });
});
