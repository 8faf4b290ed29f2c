import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { it as base, describe, expect } from "vitest";
import { until } from "../../support/until.ts";
import { processesMentioning } from "../host.ts";
import { type AcpHost, type AcpRan, choiceOf, openAcpHost, realKey } from "./acp-host.ts";

const it = base.extend<{ host: AcpHost }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixtures a fixture needs from this pattern.
  host: async ({}, use) => {
    const host = await openAcpHost();
    await use(host);
    await host.close();
  },
});

describe.concurrent("an agent that speaks the protocol", () => {
  it("hands over its change, and tells what it did on the way", async ({ host }) => {
    const before = Date.now();
    const { outcome, events, batches, output, warnings } = await host.run("good");
    expect(host.imported(outcome).read("greeting.txt")).toBe("good");
    expect(events.map(({ at: _, ...step }) => step)).toEqual([
      { k: "thought", delta: "let me think" },
      { k: "plan", items: [{ text: "greet", status: "in_progress" }] },
      { k: "tool", id: "t1", kind: "edit", title: "write", status: "in_progress" },
      { k: "tool", id: "t1", status: "completed" },
      { k: "context", used: 10, size: 100 },
      { k: "text", delta: "all done now" },
      { k: "usage", requests: 0, failures: 0, input: 0, cachedInput: 0, output: 0 },
    ]);
    for (const { at } of events) expect(at).toSatisfy((time: number) => before <= time && time <= Date.now());
    expect(batches.length).toBeLessThan(events.length);
    expect(output).toContain("a word on the side");
    expect(outcome).toHaveProperty("usage.requests", 0);
    expect(warnings).toEqual([]);
  });

  it("works in the clone, with a token of this run for the key, and settings no setup can have touched", async ({
    host,
  }) => {
    const setup = { run: ['! test -e "$HOME/../agent/config.toml"'], network: [] };
    const { outcome } = await host.run("places\nand a second line", { setup });
    const seen = JSON.parse(host.imported(outcome).read("places.json"));
    expect(seen.cwd).toBe(join(host.workspace.root, "repo"));
    expect(seen.params.prompt).toEqual([{ type: "text", text: "places\nand a second line" }]);
    expect(seen.env.CODEX_HOME).toBe(join(host.workspace.root, "agent"));
    expect(seen.env.BATON_RESULT).toBe(join(host.workspace.root, "answer/result.json"));
    expect(seen.env.BATON_MODEL_TOKEN.length).toBeGreaterThan(20);
    expect(JSON.stringify(seen)).not.toContain(realKey);
    expect(seen.arrived).toContain('"readTextFile":false');
    expect(seen.arrived).toContain('"terminal":false');
  });

  it("is allowed what it asks for once, refused what is not on offer, and nothing besides", async ({ host }) => {
    const { outcome, events } = await host.run("permission");
    expect(JSON.parse(host.imported(outcome).read("answers.json"))).toEqual([
      { outcome: { outcome: "selected", optionId: "once" } },
      { outcome: { outcome: "cancelled" } },
      { outcome: { outcome: "cancelled" } },
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ k: "permission", title: "rm -rf /", answer: "allow_once" }),
    );
    const begging = await host.run("begs");
    expect(JSON.parse(host.imported(begging.outcome).read("answers.json"))).toEqual(Array(5).fill(-32601));
  });

  it("is heard no further once its turn is over, nor is anything it left behind", async ({ host }) => {
    const { outcome } = await host.run("lingers");
    expect(host.imported(outcome).changed).toEqual(["M\tgreeting.txt"]);
  });

  const crashed = (detail: RegExp) => ({
    kind: "failed",
    class: "agent_crashed",
    detail: expect.stringMatching(detail),
  });
  it.for([
    ["crash", crashed(/exit code 3[\s\S]*last words/)],
    ["leaves", crashed(/exit code 0 before its turn was over/)],
    ["answersNonsense", crashed(/The agent failed/)],
    ["stops whatever", crashed(/./)],
    ["types service", { kind: "failed", class: "model_unavailable", detail: "it did not work" }],
    ["malformed", { kind: "no_change" }],
  ] as const)("%s: ends as what it is", async ([prompt, expected], { host }) => {
    expect((await host.run(prompt)).outcome).toMatchObject(expected);
  });

  it("is not there, or not in the version wanted: says how to get it, and starts nothing", async ({ host }) => {
    expect(await host.runner.agents()).toEqual([
      { agent: "codex", state: "ready", version: expect.stringMatching(/^codex-acp \d+\.\d+\.\d+, codex \d/) },
    ]);
    const remedy = expect.stringContaining("npm run agents:install codex");
    appendFileSync(join(host.agentsDir, "codex/package-lock.json"), " ");
    expect(await host.runner.agents()).toEqual([{ agent: "codex", state: "wrong_version", remedy }]);
    const missing = { kind: "failed", class: "agent_missing", detail: remedy };
    expect((await host.run("good")).outcome).toEqual(missing);
    rmSync(join(host.agentsDir, "codex"), { recursive: true });
    expect(await host.runner.agents()).toEqual([{ agent: "codex", state: "missing", remedy }]);
    expect((await host.run("good")).outcome).toEqual(missing);
    expect(existsSync(host.workspace.root)).toBe(false);
  });

  it("needs a provider that speaks as it does", async ({ host }) => {
    const agent = choiceOf(host.model);
    if (agent.kind !== "acp") throw new Error("not an agent with a model");
    const provider = { ...agent.model.provider, api: "openai-chat" } as const;
    const { outcome } = await host.run("good", { agent: { ...agent, model: { provider, name: "m" } } });
    expect(outcome).toMatchObject({
      kind: "failed",
      class: "internal",
      detail: expect.stringContaining("openai-chat"),
    });
  });
});

describe.concurrent("a hostile agent", () => {
  it("costs little, however much it says", async ({ host }) => {
    const { outcome, events } = await host.run("flood");
    expect(outcome).toMatchObject({ kind: "no_change" });
    expect(JSON.stringify(events).length).toBeLessThan(6 * 1024 * 1024);
    expect(events.at(-1)).toMatchObject({ k: "usage" });
    expect(events.at(-2)).toMatchObject({ k: "notice", text: expect.stringContaining("more than is kept") });
  });

  it("is heard again after a line without an end", async ({ host }) => {
    const { outcome, events } = await host.run("giant");
    expect(outcome).toMatchObject({ kind: "no_change" });
    expect(events.filter(({ k }) => k === "text")).toMatchObject([{ delta: "still here" }]);
  });

  it("is ended when it asks without end", async ({ host }) => {
    expect((await host.run("asks")).outcome).toMatchObject({
      kind: "failed",
      class: "agent_crashed",
      detail: expect.stringContaining("asked more"),
    });
  });

  it("is ended when nothing is heard of it any more", async ({ host }) => {
    const { outcome } = await host.run("hang", { limits: { minutes: 1, idleMinutes: 0.05 } });
    expect(outcome).toMatchObject({ kind: "limit", which: "idle" });
  });

  it("is ended when its time is up", async ({ host }) => {
    const { outcome } = await host.run("hang", { limits: { minutes: 0.05, idleMinutes: 1 } });
    expect(outcome).toMatchObject({ kind: "limit", which: "minutes" });
  });

  it("is gone at once when somebody stops it, whatever it is busy with", async ({ host }) => {
    const stop = new AbortController();
    const ending = host.run("deaf", { agent: choiceOf(host.model, { requests: 1, tokens: 1000 }) }, stop.signal);
    await until(() => host.model.requests[0], { what: "the agent's first request", within: 30_000 });
    stop.abort();
    expect((await ending).outcome).toMatchObject({ kind: "stopped", usage: { requests: 1 } });
    expect(processesMentioning(host.dir)).toEqual([]);
  });
});

describe.concurrent("the model of an agent", () => {
  const statusOf = ({ outcome }: AcpRan, host: AcpHost) => JSON.parse(host.imported(outcome).read("statuses.json"));

  it("is asked with the operator's key, and counted", async ({ host }) => {
    const ran = await host.run("pretends a b");
    expect(statusOf(ran, host)).toEqual([200, 200]);
    expect(ran.outcome).toMatchObject({ usage: { requests: 2, failures: 0, input: 200, output: 20 } });
    expect(ran.events.at(-1)).toMatchObject({ k: "usage", requests: 2, input: 200 });
    expect(host.model.requests.map(({ headers }) => headers.authorization)).toEqual(Array(2).fill(`Bearer ${realKey}`));
    expect(host.model.problems).toEqual([]);
  });

  it("is the reason when it refused, although the agent says that all is well", async ({ host }) => {
    host.model.faults.plan({ kind: "status", status: 401 });
    const { outcome } = await host.run("pretends a");
    expect(outcome).toMatchObject({ kind: "failed", class: "model_auth", detail: expect.stringContaining("401") });
    host.model.faults.clear();
    host.model.faults.plan({ kind: "quota" });
    expect((await host.run("pretends a")).outcome).toMatchObject({ kind: "failed", class: "model_quota" });
  });

  it("is no reason when it went well in the end", async ({ host }) => {
    host.model.faults.plan({ kind: "status", status: 500, times: 1 });
    const ran = await host.run("pretends a b");
    expect(statusOf(ran, host)).toEqual([expect.any(Number), 200]);
    expect(ran.outcome).toMatchObject({ kind: "changed", usage: { requests: 2, failures: 1 } });
  });

  it("that says nothing any more is the reason, not the agent that waits for it", async ({ host }) => {
    host.model.faults.plan({ kind: "silent" });
    const { outcome } = await host.run("waits", { limits: { minutes: 1, idleMinutes: 0.05 } });
    expect(outcome).toMatchObject({ kind: "failed", class: "model_silent" });
  });

  it("that is at work keeps its agent from being idle", async ({ host }) => {
    host.model.faults.plan({ kind: "slow", parts: 32, times: 1 });
    const running = host.run("streams", { limits: { minutes: 1, idleMinutes: 0.2 } });
    const answer = await host.model.nextSlow();
    // Sixteen seconds in all, the idle limit is twelve; a gap of three would count as silence.
    const drip = setInterval(() => void answer.send(), 500);
    const { outcome } = await running;
    clearInterval(drip);
    expect(outcome.kind).toBe("changed");
  });

  it("has a cap, at which the agent is asked to end, and ended when it does not listen", async ({ host }) => {
    const agent = choiceOf(host.model, { requests: 1, tokens: 1000 });
    const obeying = await host.run("obeys", { agent });
    expect(obeying.outcome).toMatchObject({ kind: "limit", which: "requests" });
    expect(existsSync(join(host.workspace.root, "repo/obeyed"))).toBe(true);
    const deaf = await host.run("deaf", { agent });
    expect(deaf.outcome).toMatchObject({ kind: "limit", which: "requests" });
    expect(host.model.requests.length).toBe(2);
  });

  it("knows the token of a run no longer when the run is over", async ({ host }) => {
    const { outcome } = await host.run("places");
    const { env } = JSON.parse(host.imported(outcome).read("places.json"));
    const config = join(host.workspace.root, "agent/config.toml");
    expect(existsSync(config)).toBe(true);
    const baseUrl = /^base_url = "(.*)"$/m.exec(readFileSync(config, "utf8"))?.[1];
    const headers = { authorization: `Bearer ${env.BATON_MODEL_TOKEN}`, "content-type": "application/json" };
    const answer = await fetch(`${baseUrl}/responses`, { method: "POST", headers, body: '{"model":"m","input":[]}' });
    expect(answer.status).toBe(401);
    expect(host.model.requests).toEqual([]);
  });
});
