import nock from "nock";
import { describe, expect, test } from "vitest";
import { api, appId, failureOf, githubWith, minting, onlyAnnouncedCalls } from "./support.ts";

onlyAnnouncedCalls();

const ghe = "http://ghe.test:8080/api/v3";
const bot = { id: 5000000001, login: "baton[bot]", type: "Bot" };
const firstPage = "?page=1&per_page=100";

function installations(found: object[], at = api) {
  nock(at)
    .get(`/app/installations${firstPage}`)
    .reply(
      200,
      found.map((each) => ({ account: { login: "acme" }, suspended_at: null, ...each })),
    );
}

describe("who we are", () => {
  test("is asked once and remembered, with an e-mail address that GitHub links to the bot", async () => {
    const asked = minting();
    nock(api).get("/app").reply(200, { id: appId, slug: "baton" });
    installations([{ id: 98, suspended_at: "2026-01-01T00:00:00Z" }, { id: 99 }]);
    nock(api, { reqheaders: { authorization: "token ghs_first" } })
      .get("/users/baton%5Bbot%5D")
      .reply(200, bot);
    const github = githubWith();
    const [self, again] = await Promise.all([github.self(), github.self()]);
    expect(self).toEqual({
      appId,
      slug: "baton",
      botUserId: 5000000001,
      botLogin: "baton[bot]",
      email: "5000000001+baton[bot]@users.noreply.github.com",
    });
    expect(again).toBe(self);
    expect(asked.map((each) => each.body)).toEqual([{ permissions: { metadata: "read" } }]);
  });

  test("is known before the first installation, and on an Enterprise server", async () => {
    nock(ghe).get("/app").reply(200, { id: appId, slug: "baton" });
    installations([], ghe);
    nock(ghe, { badheaders: ["authorization"] })
      .get("/users/baton%5Bbot%5D")
      .reply(200, bot);
    const self = await githubWith({ host: "ghe.test:8080", protocol: "http" }).self();
    expect(self.email).toBe("5000000001+baton[bot]@users.noreply.ghe.test");
  });

  test("is asked again after GitHub was away", async () => {
    nock(api).get("/app").reply(503, { message: "away" });
    const github = githubWith();
    expect((await failureOf(github.self())).code).toBe("doubt");
    nock(api).get("/app").reply(200, { id: appId, slug: "baton" });
    installations([]);
    nock(api).get("/users/baton%5Bbot%5D").reply(200, bot);
    expect((await github.self()).botUserId).toBe(5000000001);
  });

  test("is not another app whose key was configured by mistake", async () => {
    nock(api).get("/app").reply(200, { id: 1, slug: "other" });
    const failure = await failureOf(githubWith().self());
    expect(failure).toMatchObject({ code: "unauthorised", message: "the key belongs to app 1, not to app 4711" });
  });
});

test("installations and their repositories are listed", async () => {
  const asked = minting();
  installations([{ id: 99 }, { id: 98, account: null, suspended_at: "2026-01-01T00:00:00Z" }]);
  nock(api)
    .get(`/installation/repositories${firstPage}`)
    .reply(200, {
      total_count: 1,
      repositories: [{ id: 812, name: "shop", owner: { login: "acme" }, archived: false }],
    });
  const github = githubWith();
  expect(await github.listInstallations()).toEqual([
    { id: 99, account: "acme", suspended: false },
    { id: 98, account: "", suspended: true },
  ]);
  expect(await github.listRepositories(99)).toEqual([{ id: 812, owner: "acme", name: "shop", archived: false }]);
  expect(asked.map((each) => each.body)).toEqual([{ permissions: { metadata: "read" } }]);
});

describe("deliveries that failed", () => {
  const since = Date.parse("2026-03-01T00:00:00Z");
  const delivery = (id: string, guid: string, fields: object = {}) =>
    JSON.stringify({
      guid,
      delivered_at: "2026-03-01T10:00:00Z",
      status_code: 200,
      event: "issues",
      action: "labeled",
      ...fields,
    }).replace("{", `{"id":${id},`);
  const json = { "content-type": "application/json" };

  test("are those of which no attempt arrived, with ids that a number cannot hold", async () => {
    const next = '<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_77>; rel="next"';
    nock(api)
      .get("/app/hook/deliveries?per_page=100")
      .reply(200, `[${delivery("193844738823962625", "a", { status_code: 502 })},${delivery("5", "b")}]`, {
        ...json,
        link: next,
      });
    const old = { status_code: 502, delivered_at: "2026-02-28T10:00:00Z" };
    const elsewhere = '<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_78>; rel="next"';
    nock(api)
      .get("/app/hook/deliveries?per_page=100&cursor=v1_77")
      .reply(
        200,
        `[${[
          delivery("4", "a", { status_code: 0 }),
          delivery("3", "b", { status_code: 500 }),
          delivery("2", "c", { status_code: 0, event: "push", action: null }),
          delivery("1", "d", old),
        ].join(",")}]`,
        { ...json, link: elsewhere },
      );
    const deliveredAt = Date.parse("2026-03-01T10:00:00Z");
    expect(await githubWith().failedDeliveries(since)).toEqual([
      { id: "193844738823962625", guid: "a", event: "issues", action: "labeled", deliveredAt },
      { id: "2", guid: "c", event: "push", action: undefined, deliveredAt },
    ]);
  });

  test("are sent again by that id", async () => {
    nock(api).post("/app/hook/deliveries/193844738823962625/attempts").reply(202, {});
    await githubWith().redeliver("193844738823962625");
  });
});
