import { describe, expect, it } from "vitest";
import type { ModelServer } from "../support/model-server/index.ts";
import { codexRequest, events, open, post, type Wired } from "./talk.ts";

const work = {
  when: "issue 7",
  capture: { result: "result goes to (\\S+)," },
  turns: [
    { say: "I will look around first.", run: ["ls", "git status --short"] },
    { run: "printf new > a.txt" },
    { run: "make test", fault: { kind: "status" as const, status: 500, times: 1 } },
    { run: "echo {{result}}", fault: { kind: "quota" as const, times: 1 } },
    { done: "All is well." },
  ],
};
const script = { scripts: [work] };

/** Sends what codex sent when the conversation had so many items. */
async function asCodex(model: ModelServer, change: (request: Wired) => void): Promise<Wired> {
  const request = codexRequest();
  change(request);
  const answer = await post(model, "/responses", request);
  expect(answer.status).toBe(200);
  return events(await answer.text()).at(-1).response.output;
}

const upTo = (count: number) => (request: Wired) => void request.input.splice(count);
const called = (output: Wired) => output.filter(({ type }: Wired) => type === "function_call");
const argumentsOf = (output: Wired) => called(output).map((call: Wired) => JSON.parse(call.arguments));

describe("a request of codex 0.169", () => {
  it("offers nine tools, of which the model takes the shell", async () => {
    expect(codexRequest().tools).toHaveLength(9);
    const output = await asCodex(await open({ script }), upTo(4));
    expect(called(output).map(({ name }: Wired) => name)).toEqual(["exec_command", "exec_command"]);
    expect(argumentsOf(output)).toEqual([
      { cmd: "ls", yield_time_ms: 30_000 },
      { cmd: "git status --short", yield_time_ms: 30_000 },
    ]);
  });

  it("has its prompt behind what codex itself says for the user", async () => {
    const model = await open({ script });
    const output = await asCodex(model, ({ input }) => {
      input.splice(4);
      input.push({ ...input[2], id: "msg_later" }); // its environment once more, after the prompt
    });
    expect(called(output)).toHaveLength(2);
    expect(model.problems).toEqual([]);
  });

  it("shows by its results how far the script is", async () => {
    const model = await open({ script });
    for (const items of [4, 7, 9]) await asCodex(model, upTo(items));
    expect(model.requests.map(({ turn }) => turn?.position)).toEqual([0, 0, 1]);
  });

  it("asks on for a command that takes long, which uses no turn and meets no fault of one", async () => {
    const model = await open({ script });
    const output = await asCodex(model, () => {});
    expect(called(output).map(({ name }: Wired) => name)).toEqual(["write_stdin"]);
    expect(argumentsOf(output)).toEqual([{ session_id: 25242, chars: "", yield_time_ms: 300_000 }]);
    const request = codexRequest();
    const [poll] = called(output);
    const ended = "Process exited with code 0\nOutput:\nfinished\n";
    request.input.push(poll, { ...request.input.at(-1), call_id: poll.call_id, output: ended });
    expect((await post(model, "/responses", request)).status).toBe(429);
    const after = await asCodex(model, (again) => Object.assign(again, request));
    expect(argumentsOf(after)).toEqual([{ cmd: "echo /run/result.json", yield_time_ms: 30_000 }]);
    expect(model.requests.map(({ turn }) => turn?.position)).toEqual([undefined, 3, 3]);
  });

  it("is not fooled by a command that only says it is running", async () => {
    const calm = work.turns.map(({ fault: _, ...turn }) => turn);
    const model = await open({ script: { scripts: [{ ...work, turns: calm }] } });
    const output = await asCodex(model, ({ input }) => {
      input.at(-1).output = "Process exited with code 0\nOutput:\nProcess running with session ID 1\n";
    });
    expect(called(output).map(({ name }: Wired) => name)).toEqual(["exec_command"]);
  });

  it("is refused when it brings its tools in another way, as newer models are offered them", async () => {
    const model = await open({ script });
    const { tools: _, input, ...request } = codexRequest();
    const functions = [{ type: "namespace", name: "functions", tools: [{ type: "custom", name: "exec" }] }];
    const offer = { type: "additional_tools", role: "developer", tools: functions };
    const answer = await post(model, "/responses", { ...request, input: [offer, ...input.slice(0, 4)] });
    expect(answer.status).toBe(400);
    expect(model.problems).toEqual(["no shell tool among functions"]);
  });

  it("keeps the faults of a turn apart by the session it names", async () => {
    const model = await open({ script });
    const ask = async (session: string) => {
      const { input, ...request } = codexRequest();
      const third = { ...request, prompt_cache_key: session, input: input.slice(0, 11) };
      return (await post(model, "/responses", third)).status;
    };
    expect([await ask("a"), await ask("a"), await ask("b"), await ask("b")]).toEqual([500, 200, 500, 200]);
  });
});

describe("other shells", () => {
  const offered = (name: string, properties: object, required: readonly string[] = []) => ({
    type: "function",
    name,
    parameters: { type: "object", properties, required },
  });
  it.each([
    ["shell", { command: { type: "array" }, workdir: { type: "string" } }, [], { command: ["bash", "-c", "ls"] }],
    ["shell_command", { command: { type: "string" } }, [], { command: "ls" }],
    [
      "Bash",
      { command: { type: "string" }, description: { type: "string" }, timeout: { type: "number" } },
      ["command", "description"],
      { command: "ls", description: "A step of the script" },
    ],
  ])("%s", async (name, properties, required, expected) => {
    const model = await open({ script: { scripts: [{ turns: [{ run: "ls" }, { done: "x" }] }] } });
    const tools = [offered("read_file", { path: { type: "string" } }), offered(name, properties, required)];
    const answer = await post(model, "/responses", { model: "m", tools, input: [{ role: "user", content: "Hi" }] });
    const { output } = (await answer.json()) as Wired;
    expect([called(output)[0].name, ...argumentsOf(output)]).toEqual([name, expected]);
  });
});
