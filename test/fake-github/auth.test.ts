import { generateKeyPairSync } from "node:crypto";
import { Octokit } from "@octokit/rest";
import { ProbotOctokit } from "probot";
import { describe, expect, test } from "vitest";
import { given, QUIET, refusal, SHOP } from "./given.ts";
import { signJwt } from "./jwt.ts";

const HOUR = 3_600_000;

describe("the app proves who it is with a signed token", () => {
  test("its own key is accepted", async () => {
    const { app, github } = await given();
    expect((await app.rest.apps.getAuthenticated()).data).toMatchObject({ slug: "baton", id: github.app.id });
    expect((await app.rest.apps.listInstallations()).data).toHaveLength(1);
    github.assertClean();
  });

  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const now = (): number => Math.floor(Date.now() / 1000);
  test.each([
    ["signed with another key", { key: privateKey }, /could not be decoded/],
    ["issued in the future", { iat: now() + 120 }, /'Issued at'/],
    ["expired", { exp: now() - 1 }, /'Expiration time'/],
    ["valid for more than ten minutes", { exp: now() + 1200 }, /too far in the future/],
    ["of another app", { iss: 4711 }, /'Issuer'/],
  ])("a token that is %s is refused", async (_, change, reason) => {
    const { github } = await given();
    const { key = github.app.privateKeyPem, ...claims } = change as { key?: string };
    const jwt = signJwt({ iat: now() - 30, exp: now() + 300, iss: github.app.id, ...claims }, key);
    const octokit = new Octokit({ baseUrl: github.apiUrl, auth: jwt, log: QUIET });
    expect(await refusal(octokit.rest.apps.getAuthenticated())).toMatchObject({
      status: 401,
      message: expect.stringMatching(reason),
    });
  });

  test("a client whose clock is wrong learns the right time from the answer", async () => {
    const { github } = await given({ github: { clock: () => Date.now() - 2 * HOUR } });
    const auth = { appId: github.app.id, privateKey: github.app.privateKeyPem };
    const probot = new ProbotOctokit({ baseUrl: github.apiUrl, auth, log: QUIET });
    expect((await probot.rest.apps.getAuthenticated()).data?.slug).toBe("baton");
    expect(github.requests.map(({ status }) => status)).toEqual([401, 200]);
  });
});

describe("a token reaches what was asked for and nothing else", () => {
  test("it names its permissions and repositories, and lasts an hour", async () => {
    const at = Date.parse("2026-01-02T03:04:05Z");
    const { app, repo } = await given({ github: { clock: () => at } });
    const order = {
      installation_id: repo.installationId,
      repository_ids: [repo.id],
      permissions: { issues: "read" as const },
    };
    const { data } = await app.rest.apps.createInstallationAccessToken(order);
    expect(data).toMatchObject({
      permissions: { issues: "read", metadata: "read" },
      expires_at: "2026-01-02T04:04:05Z",
    });
    expect(data.repositories?.map((one) => one.full_name)).toEqual(["acme/shop"]);
  });

  test("a permission the installation lacks cannot be asked for", async () => {
    const { client } = await given();
    expect(await refusal(client({ workflows: "write" }))).toMatchObject({ status: 422 });
  });

  test("another repository is not there, even of the same owner", async () => {
    const { github, client } = await given();
    await github.createRepository({ owner: "acme", name: "vault", private: true });
    const octokit = await client();
    expect(await refusal(octokit.rest.repos.get({ owner: "acme", repo: "vault" }))).toMatchObject({ status: 404 });
    expect((await octokit.rest.apps.listReposAccessibleToInstallation()).data.total_count).toBe(1);
  });

  test("a public repository of strangers can be read and not written", async () => {
    const { github, client } = await given();
    const other = await github.createRepository({ owner: "others", name: "open", app: "not installed" });
    const issue_number = await other.openIssue({ as: "bob", title: "Hello" });
    const octokit = await client();
    const there = { owner: "others", repo: "open", issue_number };
    expect((await octokit.rest.issues.get(there)).data.title).toBe("Hello");
    expect(await refusal(octokit.rest.issues.createComment({ ...there, body: "hi" }))).toMatchObject({ status: 403 });
  });

  test.each([
    ["reading issues", {}, (o: Octokit) => o.rest.issues.get({ ...SHOP, issue_number: 1 })],
    [
      "commenting",
      { issues: "read" },
      (o: Octokit) => o.rest.issues.createComment({ ...SHOP, issue_number: 1, body: "x" }),
    ],
    [
      "commenting on an issue with the permission for pull requests",
      { pull_requests: "write" },
      (o: Octokit) => o.rest.issues.createComment({ ...SHOP, issue_number: 1, body: "x" }),
    ],
    [
      "labelling",
      { issues: "read" },
      (o: Octokit) => o.rest.issues.addLabels({ ...SHOP, issue_number: 1, labels: ["x"] }),
    ],
    ["reading files", { issues: "write" }, (o: Octokit) => o.rest.repos.getContent({ ...SHOP, path: "README.md" })],
    [
      "opening a pull request",
      { contents: "write" },
      (o: Octokit) => o.rest.pulls.create({ ...SHOP, head: "a", base: "main", title: "t" }),
    ],
    [
      "making a check",
      { contents: "write" },
      (o: Octokit) => o.rest.checks.create({ ...SHOP, name: "x", head_sha: "0" }),
    ],
    [
      "reading statuses",
      { checks: "write" },
      (o: Octokit) => o.rest.repos.getCombinedStatusForRef({ ...SHOP, ref: "main" }),
    ],
  ] as const)("%s needs its permission", async (_, permissions, act) => {
    const { client, repo, github } = await given();
    await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client({ metadata: "read", ...permissions });
    const refused = { status: 403, message: "Resource not accessible by integration" };
    expect(await refusal(act(octokit))).toMatchObject(refused);
    expect(github.problems()).toEqual([]);
  });

  test("it is nobody: the user behind it cannot be asked for", async () => {
    const { client } = await given();
    expect(await refusal((await client()).rest.users.getAuthenticated())).toMatchObject({ status: 403 });
  });

  test("it ends when it is revoked, when it expires, and when the app is removed from the repository", async () => {
    let at = Date.now();
    const { client, github, repo } = await given({ github: { clock: () => at } });
    const [revoked, aged, orphan] = [await client(), await client(), await client()];
    await revoked.rest.apps.revokeInstallationAccessToken();
    expect(await refusal(revoked.rest.repos.get(SHOP))).toMatchObject({ status: 401, message: "Bad credentials" });
    github.removeApp(repo);
    expect(await refusal(orphan.rest.repos.get(SHOP))).toMatchObject({ status: 404 });
    github.installApp(repo);
    expect((await aged.rest.repos.get(SHOP)).status).toBe(200);
    at += HOUR + 1000;
    expect(await refusal(aged.rest.repos.get(SHOP))).toMatchObject({ status: 401 });
  });

  test("without any token nothing is answered", async () => {
    const { github } = await given({ private: false });
    expect(await refusal(new Octokit({ baseUrl: github.apiUrl, log: QUIET }).rest.repos.get(SHOP))).toMatchObject({
      status: 401,
    });
  });

  test("the log of requests tells kinds of tokens and never a token", async () => {
    const { client, github } = await given();
    const octokit = await client({ metadata: "read" });
    await octokit.rest.repos.get(SHOP);
    const token = { kind: "installation", permissions: { metadata: "read" }, repositories: ["acme/shop"] };
    expect(github.requests.at(-1)).toMatchObject({ route: "GET /repos/{owner}/{repo}", status: 200, token });
    expect(JSON.stringify(github.requests)).not.toContain(octokit.token);
  });
});
