import { z } from "zod";
import { refuseLikeOpenAi } from "./openai-errors.ts";
import { pieces } from "./pieces.ts";
import type { Answer, Asked, Encoded, Message, OfferedTool, Protocol, ToolCall } from "./protocol.ts";

/** OpenAI Chat Completions: what most other providers and local model servers speak. */
export const openAiChat: Protocol = {
  api: "openai-chat",
  route: /\/v1\/chat\/completions$/,
  read,
  encode: (answer, asked) => (asked.wants === "stream" ? stream(answer, asked) : whole(answer, asked)),
  refuse: (refusal, asked) =>
    refuseLikeOpenAi(refusal, asked, {
      message: "This model's maximum context length is 128000 tokens. Please reduce the length of the messages.",
      type: "invalid_request_error",
      code: "context_length_exceeded",
      param: "messages",
    }),
};

const part = z.looseObject({ type: z.string(), text: z.string().optional() });
const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(part)]).nullish(),
  tool_call_id: z.string().optional(),
});
const tool = z.looseObject({
  type: z.string(),
  function: z.looseObject({ name: z.string(), parameters: z.unknown().optional() }).optional(),
});
const request = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  messages: z.array(message),
  tools: z.array(tool).default([]),
});

function read(body: unknown): Asked {
  const { model, stream, stream_options, messages: sent, tools } = request.parse(body);
  const messages = sent.flatMap(messageOf);
  return {
    model,
    wants: stream === true ? "stream" : "whole",
    conversation: JSON.stringify(messages.find(({ role }) => role === "user")),
    messages,
    tools: tools.flatMap(({ function: offered }): OfferedTool[] =>
      offered === undefined ? [] : [{ name: offered.name, parameters: offered.parameters }],
    ),
    usage: stream !== true || stream_options?.include_usage === true ? "told" : "untold",
  };
}

function messageOf({ role, content, tool_call_id }: z.infer<typeof message>): readonly Message[] {
  const text = typeof content === "string" ? content : (content ?? []).map((one) => one.text ?? "").join("\n");
  if (role === "user") return [{ role: "user", text }];
  if (role === "assistant") return [{ role: "model" }];
  return role === "tool" ? [{ role: "tool", callId: tool_call_id ?? "", text }] : [];
}

function stream(answer: Answer, asked: Asked): Encoded {
  const deltas = [
    { role: "assistant", content: "" },
    ...(answer.text === undefined ? [] : pieces(answer.text).map((content) => ({ content }))),
    ...answer.calls.flatMap(callDeltas),
  ];
  const head = { ...envelope(answer, asked), object: "chat.completion.chunk" };
  const choice = (delta: object, finish_reason: string | null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  const chunks = [
    ...deltas.map((delta) => choice(delta, null)),
    choice({}, finishReason(answer)),
    ...(asked.usage === "told" ? [{ ...head, choices: [], usage: usageOf(answer) }] : []),
  ];
  const frames = [...chunks.map((chunk) => JSON.stringify(chunk)), "[DONE]"].map((data) => `data: ${data}\n\n`);
  return { contentType: "text/event-stream", frames, unfinished: 2 }; // the role, and the first piece
}

function callDeltas({ id, name, arguments: values }: ToolCall, index: number): readonly object[] {
  const begun = { index, id, type: "function", function: { name, arguments: "" } };
  const grown = pieces(JSON.stringify(values)).map((piece) => ({ index, function: { arguments: piece } }));
  return [begun, ...grown].map((call) => ({ tool_calls: [call] }));
}

function whole(answer: Answer, asked: Asked): Encoded {
  const calls = answer.calls.map(({ id, name, arguments: values }) => ({
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(values) },
  }));
  const body = JSON.stringify({
    ...envelope(answer, asked),
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: answer.text ?? null,
          refusal: null,
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        logprobs: null,
        finish_reason: finishReason(answer),
      },
    ],
    usage: usageOf(answer),
  });
  return { contentType: "application/json", frames: [body], unfinished: 0 };
}

function envelope({ id }: Answer, { model }: Asked): object {
  return { id: `chatcmpl-${id}`, created: 1_772_442_000, model };
}

function finishReason({ calls }: Answer): string {
  return calls.length > 0 ? "tool_calls" : "stop";
}

function usageOf({ usage: { input, cached, output } }: Answer): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
