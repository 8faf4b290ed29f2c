import { parseJson } from "./loose-json.ts";
import type { MeterReading, Noter } from "./meter-reading.ts";
import { noteChat } from "./note-chat.ts";
import { noteResponses } from "./note-responses.ts";
import { createSseReader } from "./sse.ts";
import type { ModelApi } from "./types.ts";

export interface AnswerMeter {
  readonly push: (chunk: Buffer) => void;
  /** The body came to its proper end. */
  readonly end: () => void;
  readonly read: () => MeterReading;
}

/** The last event of a streamed answer repeats the whole of it. Anything longer is not read. */
const longest = 16 << 20;

/** Reads tokens and end of an answer that passes by. Remembers one event at most, or one answer that is not streamed. */
export function createMeter(api: ModelApi, form: "sse" | "json"): AnswerMeter {
  const noter = api === "openai-responses" ? noteResponses() : noteChat();
  return form === "sse" ? meterSse(noter) : meterJson(noter);
}

function meterSse(noter: Noter): AnswerMeter {
  let skipped = false;
  const reader = createSseReader({
    longest,
    onData: (data) => {
      if (data.trim() === "[DONE]") noter.done();
      else noter.event(parseJson(data));
    },
    onSkipped: () => {
      skipped = true;
    },
  });
  const end = () => {
    reader.end();
    if (skipped) noter.unreadable();
  };
  return { push: reader.push, end, read: noter.read };
}

function meterJson(noter: Noter): AnswerMeter {
  let chunks: Buffer[] = [];
  let size = 0;
  const push = (chunk: Buffer) => {
    size += chunk.length;
    if (size <= longest) chunks.push(chunk);
  };
  const end = () => {
    if (size > longest) noter.unreadable();
    else noter.whole(parseJson(Buffer.concat(chunks).toString("utf8")));
    chunks = [];
  };
  return { push, end, read: noter.read };
}
