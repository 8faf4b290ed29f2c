import { z } from "zod";
import { carriesError, readStreamComplaint } from "./complaint.ts";
import { type MeterReading, type Noter, type Tokens, unread } from "./meter-reading.ts";

const count = z.number().int().nonnegative();
const usageShape = z.object({
  prompt_tokens: count,
  completion_tokens: count.default(0),
  prompt_tokens_details: z.object({ cached_tokens: count }).optional().catch(undefined),
});
const choiceShape = z.object({ finish_reason: z.string().nullish() });
const partShape = z.object({
  choices: z.array(choiceShape).optional().catch(undefined),
  usage: usageShape.optional().catch(undefined),
});

/**
 * OpenAI Chat Completions: a finish reason says that the answer is whole, the tokens come after it, and `[DONE]` ends
 * the stream. Some servers leave `[DONE]` out.
 */
export function noteChat(): Noter {
  let reading = unread;
  const note = (value: unknown) => {
    if (reading.final === "yes") return;
    if (carriesError(value)) reading = { ...reading, verdict: readStreamComplaint(value), final: "yes" };
    else reading = withPart(reading, value);
  };
  const close = () => {
    if (reading.final === "no") reading = { ...reading, verdict: "well", final: "yes" };
  };
  return {
    event: note,
    done: close,
    whole: (value) => {
      note(value);
      if (reading.verdict === "well") close();
    },
    unreadable: close,
    read: () => reading,
  };
}

function withPart(reading: MeterReading, value: unknown): MeterReading {
  const part = partShape.safeParse(value);
  if (!part.success) return reading;
  const { usage, choices } = part.data;
  const finished = choices?.some((choice) => typeof choice.finish_reason === "string");
  return {
    // Some servers send a running count with every part: the last one holds.
    tokens: usage ? tokensOf(usage) : reading.tokens,
    verdict: finished ? "well" : reading.verdict,
    final: "no",
  };
}

/** Cached input is part of the input, whatever a server says. */
function tokensOf(usage: z.infer<typeof usageShape>): Tokens {
  const { prompt_tokens: input, completion_tokens: output, prompt_tokens_details: details } = usage;
  return { input, cachedInput: Math.min(details?.cached_tokens ?? 0, input), output };
}
