import { z } from "zod";
import { refuseLikeOpenAi } from "./openai-errors.ts";
import { pieces } from "./pieces.ts";
import type { Answer, Asked, Encoded, Message, OfferedTool, Protocol } from "./protocol.ts";

/** OpenAI Responses, as codex speaks it. The whole history comes with every request (`store: false`). */
export const openAiResponses: Protocol = {
  api: "openai-responses",
  route: /\/v1\/responses$/,
  read,
  encode: (answer, asked) => (asked.wants === "stream" ? stream(answer, asked) : whole(answer, asked)),
  refuse: (refusal, asked) =>
    refuseLikeOpenAi(refusal, asked, {
      message: "Your input exceeds the context window of this model. Please adjust your input and try again.",
      type: "invalid_request_error",
      code: "context_length_exceeded",
      param: "input",
    }),
};

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const content = z.union([z.string(), z.array(part)]);
const tool = z.looseObject({ type: z.string(), name: z.string().optional(), parameters: z.unknown().optional() });
const item = z.looseObject({
  type: z.string().default("message"),
  role: z.string().optional(),
  content: content.nullish(),
  call_id: z.string().optional(),
  output: content.optional(),
  /** What newer models are offered comes as an item of the conversation. */
  tools: z.array(tool).optional(),
});
const request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  prompt_cache_key: z.string().optional(),
  input: z.union([z.string(), z.array(item)]),
  tools: z.array(tool).default([]),
});

function read(body: unknown): Asked {
  const { model, stream, prompt_cache_key, input, tools } = request.parse(body);
  const items = typeof input === "string" ? [{ type: "message", role: "user", content: input }] : input;
  const messages = items.flatMap(messageOf);
  return {
    model,
    wants: stream ? "stream" : "whole",
    conversation: prompt_cache_key ?? JSON.stringify(messages.find(({ role }) => role === "user")),
    messages,
    tools: [...tools, ...items.flatMap((one) => one.tools ?? [])].flatMap(({ name, parameters }): OfferedTool[] =>
      name === undefined ? [] : [{ name, parameters }],
    ),
    usage: "told",
  };
}

function messageOf({ type, role, content, call_id, output }: z.infer<typeof item>): readonly Message[] {
  if (type.endsWith("_call_output")) return [{ role: "tool", callId: call_id ?? "", text: textOf(output) }];
  if (type !== "message") return [{ role: "model" }];
  if (role === "user") return [{ role: "user", text: textOf(content) }];
  return role === "assistant" ? [{ role: "model" }] : [];
}

function textOf(value: z.infer<typeof content> | null | undefined): string {
  if (typeof value === "string") return value;
  return (value ?? []).map(({ text }) => text ?? "").join("\n");
}

interface StreamEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** One thing the model made: a message or a call. The stream tells how it grows. */
interface OutputItem {
  readonly begun: object;
  readonly done: object;
  /** Events between the two, without the place of the item. */
  readonly growth: readonly StreamEvent[];
}

function stream(answer: Answer, asked: Asked): Encoded {
  const items = outputItems(answer);
  const growing = items.flatMap(({ begun, growth, done }, output_index) => [
    { type: "response.output_item.added", output_index, item: begun },
    ...growth.map((event) => ({ ...event, output_index })),
    { type: "response.output_item.done", output_index, item: done },
  ]);
  const begun = response(answer, asked, { status: "in_progress", output: [], usage: null });
  const events = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
    ...growing,
    { type: "response.completed", response: completed(answer, asked) },
  ];
  return {
    contentType: "text/event-stream",
    frames: events.map(({ type, ...rest }, sequence_number) => {
      return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...rest })}\n\n`;
    }),
    unfinished: 4, // created, in progress, item added, its first delta or part
  };
}

function whole(answer: Answer, asked: Asked): Encoded {
  const body = JSON.stringify(completed(answer, asked));
  return { contentType: "application/json", frames: [body], unfinished: 0 };
}

function completed(answer: Answer, asked: Asked): object {
  const { input, cached, output } = answer.usage;
  return response(answer, asked, {
    status: "completed",
    output: outputItems(answer).map(({ done }) => done),
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + output,
    },
  });
}

function response({ id }: Answer, { model }: Asked, state: object): object {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: 1_772_442_000,
    model,
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    ...state,
  };
}

function outputItems({ id, text, calls }: Answer): readonly OutputItem[] {
  const messages = text === undefined ? [] : [messageItem(`msg_${id}`, text)];
  return [...messages, ...calls.map((call) => callItem(`fc_${call.id}`, call))];
}

function messageItem(item_id: string, text: string): OutputItem {
  const at = { item_id, content_index: 0 };
  const textPart = (value: string) => ({ type: "output_text", text: value, annotations: [], logprobs: [] });
  const message = { id: item_id, type: "message", role: "assistant" };
  return {
    begun: { ...message, status: "in_progress", content: [] },
    growth: [
      { type: "response.content_part.added", ...at, part: textPart("") },
      ...pieces(text).map((delta) => ({ type: "response.output_text.delta", ...at, delta, logprobs: [] })),
      { type: "response.output_text.done", ...at, text, logprobs: [] },
      { type: "response.content_part.done", ...at, part: textPart(text) },
    ],
    done: { ...message, status: "completed", content: [textPart(text)] },
  };
}

function callItem(item_id: string, { id, name, arguments: values }: Answer["calls"][number]): OutputItem {
  const call = { id: item_id, type: "function_call", call_id: id, name };
  const json = JSON.stringify(values);
  return {
    begun: { ...call, status: "in_progress", arguments: "" },
    growth: [
      ...pieces(json).map((delta) => ({ type: "response.function_call_arguments.delta", item_id, delta })),
      { type: "response.function_call_arguments.done", item_id, name, arguments: json },
    ],
    done: { ...call, status: "completed", arguments: json },
  };
}
