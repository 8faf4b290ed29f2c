import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ModelServer, type ModelServerOptions, openModelServer } from "../support/model-server/index.ts";

/** A model server that ends with the test. */
export async function open(options: ModelServerOptions): Promise<ModelServer> {
  const model = await openModelServer(options);
  onTestFinished(() => model.close());
  return model;
}

export type Wire = "responses" | "chat";
export const wires: readonly Wire[] = ["responses", "chat"];

/** What an agent understood of an answer, whatever protocol it came in. */
export interface Said {
  readonly text: string | undefined;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly usage: { readonly input: number; readonly cached: number; readonly output: number };
}

/** A conversation of a small agent, which answers every call with `ok` unless it is told otherwise. */
export interface Conversation {
  /** Sends the conversation as it stands. Sent twice it is a repeated request. */
  readonly ask: () => Promise<Said>;
  /** Takes the answer and the results of its calls into the conversation, then asks again. */
  readonly next: (said: Said, result?: string) => Promise<Said>;
  readonly prompt: (text: string) => void;
  /** The answer without being read. */
  readonly raw: () => Promise<Response>;
}

export interface Start {
  readonly wire: Wire;
  readonly prompt?: string;
  readonly tools?: "shell" | "none";
  readonly wants?: "stream" | "whole";
  /** As codex names its session. */
  readonly session?: string;
}

const shellSchema = {
  type: "object",
  properties: { command: { type: "string" }, description: { type: "string" }, timeout: { type: "number" } },
  required: ["command", "description"],
};

/** Begins a conversation with the model. */
export function talk(model: ModelServer, start: Start): Conversation {
  const { wire, prompt = "Please fix it.", wants = "stream" } = start;
  const history: object[] = [{ role: "user", content: prompt }];
  const raw = () =>
    post(model, routes[wire], { ...frame(start), [historyKeys[wire]]: history, stream: wants === "stream" });
  const ask = async () => {
    const response = await raw();
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return wants === "stream" ? readers[wire].stream(events(text)) : readers[wire].whole(JSON.parse(text));
  };
  return {
    raw,
    ask,
    async next(said, result = "ok") {
      history.push(...remember[wire](said, result));
      return ask();
    },
    prompt: (text) => void history.push({ role: "user", content: text }),
  };
}

/** Sends a body to a route, with a key as an agent has one. */
export function post({ baseUrl }: ModelServer, route: string, body: unknown): Promise<Response> {
  return fetch(baseUrl + route, {
    method: "POST",
    headers: { authorization: "Bearer a-key", "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The data of every event of a stream, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: the wire is what these tests look at
export type Wired = any;
export function events(text: string): readonly Wired[] {
  return text
    .split("\n\n")
    .flatMap((frame) => frame.split("\n").filter((line) => line.startsWith("data: ")))
    .map((line) => line.slice("data: ".length))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));
}

/** A request codex 0.169 really sent, while its third command was still running. Paths, ids and texts are shortened. */
export function codexRequest(): Wired {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/model-turns/codex-request.json"), "utf8"));
}

const routes = { responses: "/responses", chat: "/chat/completions" };
const historyKeys = { responses: "input", chat: "messages" };

function frame({ wire, tools = "shell", session }: Start): object {
  const shell = { name: "bash", description: "Runs a command", parameters: shellSchema };
  const offered = wire === "responses" ? { type: "function", ...shell } : { type: "function", function: shell };
  return {
    model: "scripted",
    ...(tools === "none" ? {} : { tools: [offered] }),
    ...(session === undefined ? {} : { prompt_cache_key: session }),
    ...(wire === "chat" ? { stream_options: { include_usage: true } } : {}),
  };
}

const readers: Record<Wire, { stream: (all: readonly Wired[]) => Said; whole: (body: Wired) => Said }> = {
  responses: {
    stream: (all) => readers.responses.whole(all.find(({ type }) => type === "response.completed").response),
    whole: ({ output, usage }) => ({
      text: output.find((item: Wired) => item.type === "message")?.content[0].text,
      calls: output
        .filter((item: Wired) => item.type === "function_call")
        .map((item: Wired) => ({ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) })),
      usage: {
        input: usage.input_tokens,
        cached: usage.input_tokens_details.cached_tokens,
        output: usage.output_tokens,
      },
    }),
  },
  chat: {
    stream: (all) => readers.chat.whole({ choices: [{ message: assembled(all) }], usage: all.at(-2).usage }),
    whole: ({ choices: [{ message }], usage }) => ({
      text: message.content ?? undefined,
      calls: (message.tool_calls ?? []).map(({ id, function: { name, arguments: json } }: Wired) => ({
        id,
        name,
        arguments: JSON.parse(json),
      })),
      usage: {
        input: usage.prompt_tokens,
        cached: usage.prompt_tokens_details.cached_tokens,
        output: usage.completion_tokens,
      },
    }),
  },
};

/** The message that the deltas of a stream grow into. */
function assembled(all: readonly Wired[]): Wired {
  const deltas = all.flatMap((chunk) => (chunk.choices?.[0] ? [chunk.choices[0].delta] : []));
  const calls: Wired[] = [];
  for (const { index, id, function: part } of deltas.flatMap((delta) => delta.tool_calls ?? [])) {
    calls[index] ??= { id, function: { name: part.name, arguments: "" } };
    calls[index].function.arguments += part.arguments;
  }
  const content = deltas.map((delta) => delta.content ?? "").join("");
  return { role: deltas[0].role, content: content === "" ? null : content, tool_calls: calls };
}

const remember: Record<Wire, (said: Said, result: string) => readonly object[]> = {
  responses: ({ text, calls }, output) => [
    ...(text === undefined ? [] : [{ type: "message", role: "assistant", content: [{ type: "output_text", text }] }]),
    ...calls.map(({ id, name, arguments: values }) => ({
      type: "function_call",
      call_id: id,
      name,
      arguments: JSON.stringify(values),
    })),
    ...calls.map(({ id }) => ({ type: "function_call_output", call_id: id, output })),
  ],
  chat: ({ text, calls }, content) => [
    {
      role: "assistant",
      content: text ?? null,
      tool_calls: calls.map(({ id, name, arguments: values }) => ({
        id,
        type: "function",
        function: { name, arguments: JSON.stringify(values) },
      })),
    },
    ...calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content })),
  ],
};
