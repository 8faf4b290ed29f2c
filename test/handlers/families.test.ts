import { generateKeyPairSync } from "node:crypto";
import { pino } from "pino";
import { Probot } from "probot";
import { describe, expect, it } from "vitest";
import type { Fact, FamilyContext } from "../../src/handlers/facts.ts";
import { registerHandlers } from "../../src/handlers/register.ts";
import { pullRequestClosed as watchClosed } from "../../src/review-watch/watch.ts";
import {
  ann,
  baton,
  bob,
  closed,
  commented,
  dependabot,
  edited,
  issue,
  labeled,
  noon,
  ourselves,
  pullRequestClosed,
  pullRequestLabeled,
  repository,
} from "./payloads.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const context: FamilyContext = {
  ourselves,
  taskOfPullRequest: async (repositoryId, number) =>
    repositoryId === repository.id && number === 8 ? { issue: 7, title: issue.title } : undefined,
};
const app = new Probot({
  appId: ourselves.appId,
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  secret: "0123456789abcdef0123456789abcdef",
  log: pino({ level: "silent" }) as never,
});
const translate = registerHandlers({ app, context, more: { "pull_request.closed": watchClosed } });

function arrives(event: string, payload: object): Promise<Fact | undefined> {
  const action = "action" in payload ? String(payload.action) : undefined;
  return translate({ id: "d", event, action, rawBody: Buffer.alloc(0), payload: { ...payload } });
}

const onPullRequest = { issue: { ...issue, id: 3_000_000_008, number: 8, pull_request: { url: "x" } } };

describe("a label", () => {
  it("becomes a wish to run, with title and body as the signed payload has them", async () => {
    expect(await arrives("issues", labeled("agent:codex"))).toEqual({
      repository: { id: repository.id, owner: "acme", name: "shop" },
      installationId: 66,
      issue: 7,
      title: issue.title,
      semanticKey: `${repository.id}/issue/${issue.id}/labeled/agent:codex/${noon}`,
      event: {
        type: "trigger_received",
        at: noon,
        trigger: {
          wish: { verb: "run" },
          source: { kind: "label", label: "agent:codex" },
          actor: { id: 101, login: "ann", type: "User" },
          at: noon,
          guidance: "",
          issue: { title: issue.title, body: issue.body },
        },
      },
    });
  });

  it("has the same key when the same body comes under a new delivery id, and another for another label", async () => {
    const one = await arrives("issues", labeled("agent"));
    const again = await arrives("issues", structuredClone(labeled("agent")));
    const other = await arrives("issues", labeled("agent:codex"));
    expect(again?.semanticKey).toBe(one?.semanticKey);
    expect(other?.semanticKey).not.toBe(one?.semanticKey);
  });

  it("set by ourselves is dropped, by id and not by name", async () => {
    expect(await arrives("issues", labeled("agent", { sender: baton }))).toBeUndefined();
    expect(await arrives("issues", labeled("agent", { sender: { ...ann, login: "baton[bot]" } }))).toBeDefined();
  });

  it("removed is a fact of its own", async () => {
    const fact = await arrives("issues", labeled("agent", { action: "unlabeled" }));
    expect(fact?.event).toEqual({
      type: "label_removed",
      at: noon,
      label: "agent",
      actor: { id: 101, login: "ann", type: "User" },
    });
  });

  it("on a pull request goes to the authorisation under the pull request's number", async () => {
    const fact = await arrives("pull_request", pullRequestLabeled("agent"));
    expect(fact).toMatchObject({ issue: 8, event: { type: "trigger_received", trigger: { issue: { body: "" } } } });
  });
});

describe("a closed issue", () => {
  it("is told with the time GitHub says", async () => {
    const fact = await arrives("issues", closed());
    expect(fact?.event).toEqual({
      type: "issue_closed",
      at: noon - 1000,
      actor: { id: 102, login: "bob", type: "User" },
    });
  });
});

describe("a comment", () => {
  it("with a command becomes a wish with guidance", async () => {
    const fact = await arrives("issue_comment", commented("/agent run codex\n\nMind the *tax*."));
    expect(fact?.event).toMatchObject({
      type: "trigger_received",
      trigger: {
        wish: { verb: "run", profile: "codex" },
        source: { kind: "comment", commentId: 4_000_000_001 },
        guidance: "Mind the *tax*.",
        at: noon,
      },
    });
    expect(fact?.semanticKey).toBe(`${repository.id}/comment/4000000001/created/${noon}`);
  });

  it.each([["thanks!"], [""], [null], ["see\n/agent run"]])("saying %j is nothing to us", async (body) => {
    expect(await arrives("issue_comment", commented(body))).toBeUndefined();
  });

  it.each([
    ["> /agent run", "quoted_command"],
    ["/agent dance", "unknown_command"],
    ["/agent stop now", "bad_argument"],
  ])("saying %j is refused with the reason %s", async (body, kind) => {
    const fact = await arrives("issue_comment", commented(body));
    expect(fact?.event).toMatchObject({
      type: "trigger_refused",
      refusal: { kind },
      trigger: { actor: { login: "ann" } },
    });
  });

  it("of a bot with a command is refused; its other slips are not answered", async () => {
    const fact = await arrives("issue_comment", commented("/agent run", { sender: dependabot }));
    expect(fact?.event).toMatchObject({ type: "trigger_refused", refusal: { kind: "bot" } });
    expect(await arrives("issue_comment", commented("> /agent run", { sender: dependabot }))).toBeUndefined();
    expect(await arrives("issue_comment", commented("/agent dance", { sender: dependabot }))).toBeUndefined();
  });

  it("of ourselves is dropped, by account or by app", async () => {
    const { comment } = commented("/agent run");
    const byApp = { comment: { ...comment, performed_via_github_app: { id: ourselves.appId } } };
    const byOther = { comment: { ...comment, performed_via_github_app: { id: 43 } } };
    expect(await arrives("issue_comment", commented("/agent run", { sender: baton }))).toBeUndefined();
    expect(await arrives("issue_comment", commented("/agent run", byApp))).toBeUndefined();
    expect(await arrives("issue_comment", commented("/agent run", byOther))).toBeDefined();
  });

  it.each([
    ["thanks", "/agent run", true],
    ["/agent status", "/agent run", true],
    ["/agent run", "/agent run codex", true],
    ["/agent run", "/agent run\n\nmore", false],
    ["/agent run", "thanks", false],
    ["thanks", "thanks!", false],
    ["thanks", "> /agent run", false],
  ])("edited from %j to %j is told to post anew: %s", async (from, to, told) => {
    const fact = await arrives("issue_comment", edited(from, to));
    expect(fact?.event).toEqual(
      told
        ? expect.objectContaining({ type: "trigger_refused", refusal: { kind: "edited_command" }, at: noon + 300_000 })
        : undefined,
    );
  });

  it("edited by a bot is nothing to us", async () => {
    expect(await arrives("issue_comment", edited("x", "/agent run", { sender: dependabot }))).toBeUndefined();
  });
});

describe("a comment on a pull request", () => {
  it.each(["stop", "status", "help"])("can say %s to the task that opened it", async (verb) => {
    const fact = await arrives("issue_comment", commented(`/agent ${verb}`, onPullRequest));
    expect(fact).toMatchObject({
      issue: 7,
      title: issue.title,
      event: { type: "trigger_received", trigger: { wish: { verb } } },
    });
  });

  it("cannot say run", async () => {
    const fact = await arrives("issue_comment", commented("/agent run", onPullRequest));
    expect(fact).toMatchObject({
      issue: 8,
      event: { type: "trigger_refused", refusal: { kind: "command_not_here", where: "issue" } },
    });
  });

  it("of somebody else is answered there", async () => {
    const foreign = { issue: { ...onPullRequest.issue, number: 9 } };
    const fact = await arrives("issue_comment", commented("/agent stop", foreign));
    expect(fact).toMatchObject({ issue: 9, event: { type: "trigger_refused", refusal: { kind: "command_not_here" } } });
  });
});

describe("a delivery", () => {
  it.each([
    ["issues", labeled("x", { action: "edited" })],
    ["issues", labeled("x", { action: "constructor" })],
    ["issue_comment", { ...commented("/agent run"), action: "deleted" }],
    ["installation", { action: "deleted", installation: { id: 66 }, sender: ann }],
    ["installation_repositories", { action: "added", installation: { id: 66 }, repositories_added: [], sender: ann }],
    ["push", { ref: "refs/heads/main", before: "0", after: "1", commits: [] }],
  ])("of %s that concerns no task yet becomes no event", async (event, payload) => {
    expect(await arrives(event, payload)).toBeUndefined();
  });

  it("without a sender is nobody's wish", async () => {
    expect(await arrives("issue_comment", commented("/agent run", { sender: null }))).toBeUndefined();
  });

  it.each([
    ["an id beyond 2^53", labeled("agent", { issue: { ...issue, id: 2 ** 53 } })],
    ["an issue that is null", labeled("agent", { issue: null })],
    ["a number as text", labeled("agent", { issue: { ...issue, number: "7" } })],
    ["no installation", labeled("agent", { installation: undefined })],
    ["a time that is none", labeled("agent", { issue: { ...issue, updated_at: "yesterday" } })],
    ["a kind of account we do not know", labeled("agent", { sender: { ...ann, type: "Robot" } })],
  ])("with %s is not understood, and says where", async (_name, payload) => {
    await expect(arrives("issues", payload)).rejects.toMatchObject({ code: "unreadable_payload" });
  });

  it("with __proto__ keys changes nothing", async () => {
    const payload = JSON.parse(`{"__proto__":{"polluted":1},${JSON.stringify(labeled("agent")).slice(1)}`);
    expect(await arrives("issues", payload)).toBeDefined();
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("that is one of fifty at once is translated each time", async () => {
    const facts = await Promise.all(Array.from({ length: 50 }, (_, n) => arrives("issues", labeled(`agent:${n}`))));
    expect(new Set(facts.map((fact) => fact?.semanticKey)).size).toBe(50);
  });

  it("whose task cannot be looked up fails as a whole", async () => {
    const away = Object.assign(new Error("database is away"), { code: "store_away" });
    const failing = registerHandlers({
      app: new Probot({
        githubToken: "x",
        secret: "0123456789abcdef0123456789abcdef",
        log: pino({ level: "silent" }) as never,
      }),
      context: { ...context, taskOfPullRequest: () => Promise.reject(away) },
      more: {},
    });
    const payload = commented("/agent stop", onPullRequest);
    const sent = { id: "d", event: "issue_comment", action: "created", rawBody: Buffer.alloc(0), payload };
    await expect(failing(sent)).rejects.toBe(away);
  });

  it("about our pull request being merged goes to the watch", async () => {
    const fact = await arrives("pull_request", pullRequestClosed(true, bob));
    expect(fact).toMatchObject({ issue: 7, event: { type: "pull_request_closed", number: 8, merged: true } });
  });
});
