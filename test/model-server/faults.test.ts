import { describe, expect, it } from "vitest";
import type { FaultInput } from "../support/model-server/index.ts";
import { events, open, talk, type Wire, type Wired, wires } from "./talk.ts";

const script = {
  scripts: [
    { turns: [{ say: "First I will look at all there is to see.", run: ["one", "two"] }, { done: "That is all." }] },
  ],
};

const patience = { timeout: 30_000, interval: 5 };

describe.each(wires)("a provider over %s that says no", (wire: Wire) => {
  it.each<[FaultInput, number, object]>([
    [{ kind: "status", status: 401 }, 401, { code: "invalid_api_key", type: "invalid_request_error" }],
    [{ kind: "status", status: 403 }, 403, { type: "invalid_request_error" }],
    [{ kind: "status", status: 404 }, 404, { code: "model_not_found" }],
    [{ kind: "status", status: 429 }, 429, { code: "rate_limit_exceeded" }],
    [{ kind: "status", status: 500 }, 500, { type: "server_error" }],
    [{ kind: "status", status: 529, message: "Overloaded" }, 529, { type: "server_error", message: "Overloaded" }],
    [{ kind: "quota" }, 429, { code: "insufficient_quota", type: "insufficient_quota" }],
    [{ kind: "overflow" }, 400, { code: "context_length_exceeded", param: wire === "chat" ? "messages" : "input" }],
  ])("%o", async (fault, status, error) => {
    const model = await open({ script, faults: [fault] });
    const answer = await talk(model, { wire }).raw();
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json");
    const body = (await answer.json()) as Wired;
    expect(Object.keys(body)).toEqual(["error"]);
    expect(body.error).toMatchObject({ message: expect.any(String), ...error });
    expect(model.requests).toMatchObject([{ status, state: "answered", fault: fault.kind }]);
    expect(model.problems).toEqual([]);
  });

  it("cuts its answer before any piece is complete", async () => {
    const model = await open({ script, faults: [{ kind: "cut", times: 1 }] });
    const conversation = talk(model, { wire });
    const { text, error } = await whatCame(await conversation.raw());
    expect(error).toBeInstanceOf(Error);
    expect(text).not.toMatch(/item\.done|finish_reason":"|\[DONE\]|\n\n$/);
    expect(text).toMatch(/^(event|data): /);
    expect(model.requests).toMatchObject([{ status: 200, state: "cut" }]);
    expect((await conversation.ask()).text).toBe("First I will look at all there is to see.");
  });

  it("cuts a whole answer too", async () => {
    const model = await open({ script, faults: [{ kind: "cut" }] });
    const { text, error } = await whatCame(await talk(model, { wire, wants: "whole" }).raw());
    expect(error).toBeInstanceOf(Error);
    expect(text).toMatch(/^\{"id"/);
  });

  it("falls silent in the middle of its answer, until the agent leaves", async () => {
    const model = await open({ script, faults: [{ kind: "silent" }] });
    const answer = await talk(model, { wire }).raw();
    const reader = answer.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    expect(model.requests).toMatchObject([{ status: 200, state: "open" }]);
    await reader?.cancel();
    await expect.poll(() => model.requests[0]?.state, patience).toBe("left");
  });

  it("sends its answer part by part", async () => {
    const model = await open({ script, faults: [{ kind: "slow", parts: 5, times: 1 }] });
    const conversation = talk(model, { wire });
    const answer = await conversation.raw();
    const slow = await model.nextSlow();
    const text = answer.text();
    for (let sent = 1; sent < 5; sent += 1) {
      expect(slow.sent()).toBe(sent);
      expect(model.requests[0]?.state).toBe("open");
      await slow.send();
    }
    const whole = await (await conversation.raw()).text();
    const ids = /(resp|msg|fc_call|call|chatcmpl)[_-][12]/g;
    expect((await text).replace(ids, "$1")).toBe(whole.replace(ids, "$1"));
    await slow.send();
    expect(slow.sent()).toBe(5);
  });

  it("does not mind that the agent left before the last part", async () => {
    const model = await open({ script, faults: [{ kind: "slow", parts: 3, times: 1 }] });
    const conversation = talk(model, { wire });
    const answer = await conversation.raw();
    const slow = await model.nextSlow();
    await answer.body?.cancel();
    await expect.poll(() => model.requests[0]?.state, patience).toBe("left");
    await slow.sendAll();
    expect((await conversation.ask()).text).toBe("First I will look at all there is to see.");
    expect(model.requests[0]?.state).toBe("left");
  });

  it("wants another command for ever", async () => {
    const conversation = talk(await open({ script, faults: [{ kind: "endless", run: "date", times: 12 }] }), { wire });
    let said = await conversation.ask();
    for (let round = 0; round < 11; round += 1) {
      expect(said.calls.map((call) => call.arguments)).toMatchObject([{ command: "date" }]);
      said = await conversation.next(said);
    }
    const turn = await conversation.next(said);
    expect(turn.calls.map((call) => call.arguments)).toMatchObject([{ command: "one" }, { command: "two" }]);
  });

  it("says a great deal, in few enough pieces", async () => {
    const model = await open({ script, faults: [{ kind: "huge", characters: 300_001 }] });
    const conversation = talk(model, { wire });
    expect((await conversation.ask()).text).toHaveLength(300_001);
    expect(events(await (await conversation.raw()).text()).length).toBeLessThan(100);
  });
});

describe("a provider that cannot be reached", () => {
  it("hangs up before it answers", async () => {
    const model = await open({ script, faults: [{ kind: "hang-up", times: 1 }] });
    const conversation = talk(model, { wire: "chat" });
    await expect(conversation.raw()).rejects.toThrow("fetch failed");
    expect(model.requests).toMatchObject([{ status: 0, state: "cut", fault: "hang-up" }]);
    expect((await conversation.raw()).status).toBe(200);
  });

  it("never answers, until it closes", async () => {
    const model = await open({ script, faults: [{ kind: "no-answer" }] });
    const waiting = talk(model, { wire: "chat" }).raw();
    const refused = expect(waiting).rejects.toThrow("fetch failed");
    await expect.poll(() => model.requests[0]?.fault, patience).toBe("no-answer");
    expect(model.requests).toMatchObject([{ status: 0, state: "open" }]);
    await model.close();
    await refused;
    expect(model.requests).toMatchObject([{ status: 0, state: "cut" }]);
  });

  it("answers with a page", async () => {
    const answer = await talk(await open({ script, faults: [{ kind: "html" }] }), { wire: "responses" }).raw();
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await answer.text()).toContain("<!doctype html>");
  });

  it("is gone, and comes back", async () => {
    const model = await open({ script });
    const conversation = talk(model, { wire: "chat" });
    await model.goAway();
    await expect(conversation.raw()).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    await model.comeBack();
    expect((await conversation.ask()).text).toBe("First I will look at all there is to see.");
    expect(model.requests).toHaveLength(1);
  });

  it("is closed as often as one likes", async () => {
    const model = await open({ script });
    await model.close();
    await model.close();
    await expect(talk(model, { wire: "chat" }).raw()).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });
});

describe("how often a fault is met", () => {
  const statuses = async (faults: readonly FaultInput[], count: number) => {
    const model = await open({ script, faults });
    const conversation = talk(model, { wire: "responses" });
    const answers: Response[] = [];
    for (let asked = 0; asked < count; asked += 1) answers.push(await conversation.raw());
    return answers.map(({ status, headers }) => [status, headers.get("retry-after")]);
  };

  it("as often as it says, then the next one, then none", async () => {
    const rate: FaultInput = { kind: "status", status: 429, retryAfter: 1, times: 2 };
    expect(await statuses([rate, { kind: "status", status: 500, times: 1 }], 4)).toEqual([
      [429, "1"],
      [429, "1"],
      [500, null],
      [200, null],
    ]);
  });

  it("always, when it does not say", async () => {
    expect(new Set((await statuses([{ kind: "status", status: 500 }], 40)).flat())).toEqual(new Set([500, null]));
  });

  it("until the test clears it, and again when the test plans one", async () => {
    const model = await open({ script, faults: [{ kind: "quota" }] });
    const conversation = talk(model, { wire: "chat" });
    expect((await conversation.raw()).status).toBe(429);
    model.faults.clear();
    expect((await conversation.raw()).status).toBe(200);
    model.faults.plan({ kind: "overflow", times: 1 });
    expect((await conversation.raw()).status).toBe(400);
  });

  it("at its turn only, and in every conversation anew", async () => {
    const fault = { kind: "status" as const, status: 503, times: 2 };
    const turns = [{ run: "one" }, { run: "two", fault }, { done: "That is all." }];
    const model = await open({ script: { scripts: [{ turns }] } });
    for (const session of ["ann's", "tim's"]) {
      const conversation = talk(model, { wire: "responses", session });
      const first = await conversation.ask();
      await expect(conversation.next(first)).rejects.toThrow("503");
      expect((await conversation.raw()).status).toBe(503);
      expect((await conversation.next(await conversation.ask())).text).toBe("That is all.");
    }
    expect(model.requests.map(({ status, turn }) => [status, turn?.position]).slice(0, 5)).toEqual([
      [200, 0],
      [503, 1],
      [503, 1],
      [200, 1],
      [200, 2],
    ]);
  });
});

async function whatCame(response: Response): Promise<{ readonly text: string; readonly error: unknown }> {
  let text = "";
  try {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}
