import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openClient, type TurnEnd } from "../../../src/agent-runner/agents/acp-client.ts";
import { stepOf } from "../../../src/agent-runner/agents/acp-messages.ts";
import { collectEvents } from "../../../src/agent-runner/agents/event-log.ts";
import { codex } from "../../../src/agent-runner/agents/profiles/codex.ts";
import { type Findings, verdictOn } from "../../../src/agent-runner/agents/verdict.ts";
import type { AgentEvent, AgentStep } from "../../../src/agent-runner/index.ts";
import { wholeLines } from "../../../src/agent-runner/sandbox/output.ts";

describe("the verdict on an agent's turn", () => {
  const exited = { kind: "exited", code: 0, tail: "last words\n", blockedHosts: ["a.example:443"] } as const;
  const done: TurnEnd = { kind: "ended", reason: "end_turn", failure: undefined };
  const found: Findings = {
    signal: new AbortController().signal,
    end: exited,
    turn: done,
    givenUp: undefined,
    trouble: undefined,
    flooded: false,
  };
  const trouble = { class: "rate", detail: "429: slow down" } as const;
  const idle = { kind: "limit", which: "idle", tail: "", blockedHosts: [] } as const;
  const types = (category: string, severity = "error"): TurnEnd => ({
    kind: "ended",
    reason: "end_turn",
    failure: { category, severity, title: "it did not work" },
  });
  const stops = (reason: string): TurnEnd => ({ kind: "ended", reason, failure: undefined });
  const failed = (failure: string, detail: RegExp = /./) => ({
    kind: "failed",
    class: failure,
    detail: expect.stringMatching(detail),
  });

  it.each<readonly [string, Partial<Findings>, object]>([
    ["all went well", {}, { kind: "done", blockedHosts: ["a.example:443"] }],
    ["it was stopped, whatever else", { signal: AbortSignal.abort(), trouble, end: idle }, { kind: "stopped" }],
    [
      "a cap, whatever the agent says",
      { givenUp: { kind: "cap", which: "tokens" }, trouble },
      { kind: "limit", which: "tokens" },
    ],
    [
      "the gateway gave up",
      { givenUp: { kind: "trouble", trouble }, turn: undefined },
      failed("model_rate", /slow down/),
    ],
    ["it says done, its provider refused", { trouble }, failed("model_rate", /slow down/)],
    ["it was silent for want of its provider", { end: idle, turn: undefined, trouble }, failed("model_rate")],
    ["its time was up for want of its provider", { end: { ...idle, which: "minutes" }, trouble }, failed("model_rate")],
    ["it was silent by itself", { end: idle, turn: undefined }, { kind: "limit", which: "idle" }],
    [
      "it took too much memory, in trouble or not",
      { end: { ...idle, which: "memory" }, trouble },
      { kind: "limit", which: "memory" },
    ],
    ["the sandbox broke", { end: { kind: "broken", detail: "no" }, trouble }, failed("sandbox_unavailable", /no/)],
    ["it asked without end", { flooded: true, turn: undefined }, failed("agent_crashed", /asked more/)],
    ["it left", { turn: undefined }, failed("agent_crashed", /exit code 0 before[\s\S]*last words/)],
    ["it failed", { turn: { kind: "error", code: -32603, message: "out of luck" } }, failed("agent_crashed", /luck/)],
    ["it wants to log in", { turn: { kind: "error", code: -32000, message: "who?" } }, failed("model_auth", /who/)],
    ["it types a broken connection", { turn: types("connection") }, failed("model_unavailable", /it did not work/)],
    ["it types a service", { turn: types("service") }, failed("model_unavailable")],
    ["it types a limit", { turn: types("limit") }, failed("model_rate")],
    ["it types a request", { turn: types("request") }, failed("model_request")],
    ["it types what nobody knows", { turn: types("toString") }, failed("agent_crashed", /it did not work/)],
    ["it only warns", { turn: types("limit", "warning") }, { kind: "done", blockedHosts: ["a.example:443"] }],
    ["it refuses", { turn: stops("refusal") }, failed("bad_result")],
    ["it stops at a limit of its own", { turn: stops("max_turn_requests") }, failed("agent_crashed", /max_turn/)],
    ["it says cancelled, and nobody asked", { turn: stops("cancelled") }, failed("agent_crashed")],
  ])("%s", (_what, change, verdict) => {
    expect(verdictOn({ ...found, ...change })).toEqual(verdict);
  });
});

describe("an agent's steps", () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  const collected = () => {
    const batches: (readonly AgentEvent[])[] = [];
    return { batches, log: collectEvents((batch) => batches.push(batch)) };
  };
  const steps = (batches: readonly (readonly AgentEvent[])[]) => batches.flat().map(({ at: _, ...step }) => step);
  const notice = (text: string): AgentStep => ({ k: "notice", level: "info", text });

  it("come after a second at the latest, or fifty at a time", () => {
    vi.useFakeTimers();
    const { batches, log } = collected();
    log.add(notice("first"));
    vi.advanceTimersByTime(999);
    expect(batches).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(steps(batches)).toEqual([notice("first")]);
    for (let i = 0; i < 120; i++) log.add(notice(String(i)));
    expect(batches.map((batch) => batch.length)).toEqual([1, 50, 50]);
    vi.advanceTimersByTime(1000);
    expect(batches.map((batch) => batch.length)).toEqual([1, 50, 50, 20]);
    log.last([notice("last")]);
    expect(steps(batches).at(-1)).toEqual(notice("last"));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("join what is one text, and only that", () => {
    const { batches, log } = collected();
    const said = (["text", "text", "thought", "text"] as const).map((k, i) => ({ k, delta: `${i} ` }));
    for (const step of said) log.add(step);
    log.last([]);
    expect(steps(batches)).toEqual([
      { k: "text", delta: "0 1 " },
      { k: "thought", delta: "2 " },
      { k: "text", delta: "3 " },
    ]);
  });

  it("are cut, and lose what would command a terminal", () => {
    const { batches, log } = collected();
    log.add(notice(`\u001b]0;title\u0007\u001b[31mred\u0000${"x".repeat(5000)}`));
    log.add({ k: "plan", items: Array(500).fill({ text: "y".repeat(5000), status: "z".repeat(5000) }) });
    log.add({ k: "tool", id: "i".repeat(5000), kind: undefined, title: undefined, status: undefined });
    log.last([]);
    const [first, plan, tool] = steps(batches);
    expect(first).toHaveProperty("text", expect.stringMatching(/^redx+ \[…\]$/));
    expect(JSON.stringify(plan).length).toBeLessThan(150_000);
    expect(Object.keys(tool ?? {})).toEqual(["k", "id"]);
  });

  it("end with a word about it when there are too many, but for the last", () => {
    const { batches, log } = collected();
    for (let i = 0; i < 100_000; i++) log.add({ k: "text", delta: "" });
    log.add(notice("not heard"));
    log.last([notice("last")]);
    expect(steps(batches).slice(-2)).toEqual([
      { k: "notice", level: "warning", text: "The agent said more than is kept." },
      notice("last"),
    ]);
  });
});

describe("an update of an agent", () => {
  const update = (fields: object) => stepOf({ sessionId: "s", update: fields });
  it.each([
    [{ sessionUpdate: "agent_message_chunk", content: { type: "image", data: "" } }],
    [{ sessionUpdate: "tool_call", title: "no id" }],
    [{ sessionUpdate: "usage_update", used: -1, size: 5 }],
    [{ sessionUpdate: "available_commands_update", availableCommands: [] }],
    [{ sessionUpdate: "session_info_update", title: "a title" }],
    [{ sessionUpdate: "__proto__" }],
    [{}],
  ])("%j says nothing we keep", (fields) => {
    expect(update(fields)).toBeUndefined();
  });

  it("keeps what is right of it", () => {
    expect(update({ sessionUpdate: "tool_call", toolCallId: "t", title: 7, kind: "edit" })).toEqual({
      k: "tool",
      id: "t",
      kind: "edit",
      title: undefined,
      status: undefined,
    });
    expect(update({ sessionUpdate: "notice", severity: "error", title: "Oh", description: "no" })).toEqual({
      k: "notice",
      level: "error",
      text: "Oh: no",
    });
    const air = { jetbrains: { air: { version: 1, sessionFailure: { severity: "warning", title: "Reconnecting" } } } };
    expect(update({ sessionUpdate: "session_info_update", _meta: air })).toEqual({
      k: "notice",
      level: "warning",
      text: "Reconnecting",
    });
  });

  it("costs no more than it is worth, were it all wrong", () => {
    const entries = Array(1_000_000).fill(0);
    const before = process.memoryUsage().heapUsed;
    expect(update({ sessionUpdate: "plan", entries })).toBeUndefined();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50e6);
  });
});

describe("our side of the protocol", () => {
  const open = () => {
    const said: { id?: number; method?: string; error?: { code: number } }[] = [];
    const steps: AgentStep[] = [];
    let floods = 0;
    const waiting: (() => void)[] = [];
    const agent = openClient({
      cwd: "/repo/.",
      prompt: "do it",
      profile: { clientMeta: {} },
      say: (line) => {
        said.push(JSON.parse(line));
        for (const wake of waiting.splice(0)) wake();
      },
      onStep: (step) => steps.push(step),
      onFlood: () => floods++,
    });
    const nextSaid = async (count: number) => {
      while (said.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return said[count - 1];
    };
    const hear = (message: unknown) => agent.hear(JSON.stringify(message));
    return { agent, said, nextSaid, hear, floods: () => floods };
  };

  it("does not go on with an agent of another version", async () => {
    const { agent, nextSaid, hear } = open();
    const turn = agent.takeTurn();
    await nextSaid(1);
    hear({ jsonrpc: "2.0", id: 0, result: { protocolVersion: 2 } });
    expect(await turn).toMatchObject({ kind: "error", message: expect.stringContaining("version 2") });
  });

  it("believes no answer to what it did not ask, nor one that is none", async () => {
    const { agent, nextSaid, hear } = open();
    const turn = agent.takeTurn();
    hear({ jsonrpc: "2.0", id: 0, result: { protocolVersion: 2 } });
    await nextSaid(1);
    hear({ jsonrpc: "2.0", id: 2, result: { stopReason: "end_turn" } });
    hear({ jsonrpc: "2.0", id: 0, result: { protocolVersion: 1 } });
    expect(await nextSaid(2)).toMatchObject({ method: "session/new" });
    hear({ jsonrpc: "2.0", id: 1, result: { sessionId: 7 } });
    expect(await turn).toMatchObject({ kind: "error" });
  });

  it("goes on when its greeting is refused", async () => {
    const said: string[] = [];
    const profile = { clientMeta: {}, greeting: () => ({ method: "x/greet", params: {} }) };
    const answers: Readonly<Record<string, object>> = {
      initialize: { result: { protocolVersion: 1 } },
      "session/new": { result: { sessionId: "s" } },
      "x/greet": { error: { code: -32601, message: "no" } },
      "session/prompt": { result: { stopReason: "end_turn" } },
    };
    const agent = openClient({
      cwd: "/",
      prompt: "do it",
      profile,
      say: (line) => {
        const { id, method } = JSON.parse(line);
        said.push(method);
        setImmediate(() => agent.hear(JSON.stringify({ jsonrpc: "2.0", id, ...answers[method] })));
      },
      onStep: () => {},
      onFlood: () => {},
    });
    expect(await agent.takeTurn()).toMatchObject({ kind: "ended", reason: "end_turn" });
    expect(said).toEqual(["initialize", "session/new", "x/greet", "session/prompt"]);
  });

  it("ends its waiting when it is closed", async () => {
    const { agent } = open();
    const turn = agent.takeTurn();
    agent.close();
    expect(await turn).toMatchObject({ kind: "error" });
  });

  it("answers ten thousand questions and no more", async () => {
    const { hear, nextSaid, said, floods } = open();
    for (let id = 0; id < 10_050; id++) hear({ jsonrpc: "2.0", id, method: "fs/read_text_file" });
    expect(await nextSaid(10_000)).toMatchObject({ error: { code: -32601 } });
    expect(floods()).toBe(1);
    await new Promise(setImmediate);
    expect(said.length).toBe(10_000);
  });

  it("does not fill our log with an agent's nonsense", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const { agent, hear } = open();
    for (const odd of ["nonsense", "[]", "7", '{"jsonrpc":"2.0"}', '{"jsonrpc":"2.0","id":3,"result":{}}']) {
      agent.hear(odd);
    }
    hear({ jsonrpc: "2.0", method: "session/update", params: 7 });
    hear({ jsonrpc: "2.0", id: 1, error: { code: "x" } });
    await new Promise(setImmediate);
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });
});

describe("whole lines", () => {
  const heard = (chunks: readonly string[], longest = 10) => {
    const lines: string[] = [];
    const splitter = wholeLines(longest, (line) => lines.push(line));
    for (const chunk of chunks) splitter.push(Buffer.from(chunk, "latin1"));
    splitter.end();
    return lines;
  };
  it.each([
    ["cut anywhere", ["on", "e\ntw", "o\n", "th", "ree"], ["one", "two", "three"]],
    ["with characters of several bytes cut in two", ["\u00c3", "\u00bc\n"], ["ü"]],
    ["that are too long, left out and the next one heard", ["x".repeat(8), "y".repeat(8), "\nshort\n"], ["short"]],
    ["of the longest size", ["x".repeat(10), "\n", "x".repeat(11), "\n"], ["x".repeat(10)]],
    ["that are empty, left out", ["\n\na\n"], ["a"]],
  ])("%s", (_what, chunks, lines) => {
    expect(heard(chunks)).toEqual(lines);
  });
});

describe("a line without an end", () => {
  it("is not held while it comes", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage: () => void = runInNewContext("gc");
    const held = () => process.memoryUsage().arrayBuffers;
    const splitter = wholeLines(10, () => {});
    const before = held();
    for (let i = 0; i < 128; i++) splitter.push(Buffer.alloc(1 << 20, 65));
    // What was collected is given back by another thread, which may take its time.
    for (let round = 0; round < 200 && held() - before > 32 << 20; round++) {
      collectGarbage();
      await new Promise(setImmediate);
    }
    expect(held() - before).toBeLessThanOrEqual(32 << 20);
    splitter.end();
  });
});

describe("codex's settings", () => {
  const start = { home: "/h", repo: "/w/repo", baseUrl: "http://127.0.0.2:1/v1", token: "baton-run-token", model: "m" };
  it("hold neither the token nor what a model's name would smuggle in", () => {
    const [file] = codex.files({ ...start, model: 'm"\n[mcp_servers.x]\u007f' });
    expect(file?.name).toBe("config.toml");
    expect(file?.content).not.toContain("baton-run-token");
    expect(file?.content.split("\n")[0]).toBe('model = "m\\"\\n[mcp_servers.x]\\u007f"');
    expect(file?.content).not.toMatch(/^\[mcp/m);
  });
  it("trust no clone, and name it in another spelling than the one that is not trusted", () => {
    expect(codex.files(start)[0]?.content).toContain('[projects."/w/repo"]\ntrust_level = "untrusted"\n');
    expect(codex.cwd(start)).not.toBe("/w/repo");
  });
});
