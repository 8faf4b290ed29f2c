import { z } from "zod";
import { type Complaint, carriesError, readStreamComplaint } from "./complaint.ts";
import { membersOf } from "./loose-json.ts";
import { type MeterReading, type Noter, type Tokens, unread } from "./meter-reading.ts";

const count = z.number().int().nonnegative();
const usageShape = z.object({
  input_tokens: count,
  output_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count }).optional().catch(undefined),
});
const responseShape = z.object({
  status: z.string().optional().catch(undefined),
  usage: usageShape.optional().catch(undefined),
  error: z.unknown().optional(),
  incomplete_details: z.object({ reason: z.string() }).optional().catch(undefined),
});
const wholeShape = z.object({ output: z.array(z.unknown()) });
const eventShape = z.object({ type: z.string(), response: z.unknown().optional() });
const prefix = "response.";
const ends = new Set(["response.completed", "response.failed", "response.incomplete"]);

/** OpenAI Responses: one of three events ends a stream and carries the tokens; an `error` event ends it without. */
export function noteResponses(): Noter {
  let reading = unread;
  const complain = (value: unknown) => {
    reading = { ...reading, verdict: readStreamComplaint(value), final: "yes" };
  };
  const settle = (value: unknown) => {
    const read = responseShape.safeParse(value);
    if (read.success) reading = readingOf(read.data);
  };
  return {
    event: (value) => {
      const event = eventShape.safeParse(value);
      if (reading.final === "yes") return;
      if (event.success && ends.has(event.data.type)) {
        // Some servers leave the status out; then the event's name tells it.
        settle({ status: event.data.type.slice(prefix.length), ...membersOf(event.data.response) });
      } else if (carriesError(value)) complain(value);
    },
    done: () => {},
    whole: (value) => {
      if (carriesError(value)) complain(value);
      else if (wholeShape.safeParse(value).success) settle(value);
    },
    unreadable: () => {
      if (reading.verdict === "open") reading = { ...reading, verdict: "well" };
    },
    read: () => reading,
  };
}

function readingOf({ status, usage, error, incomplete_details }: z.infer<typeof responseShape>): MeterReading {
  const verdict = verdictOf(status, { error, reason: incomplete_details?.reason });
  return { tokens: usage && tokensOf(usage), verdict, final: "yes" };
}

function verdictOf(
  status: string | undefined,
  { error, reason }: { readonly error: unknown; readonly reason: string | undefined },
): "well" | Complaint {
  if (status === "failed") return readStreamComplaint({ error });
  if (status !== "incomplete") return "well";
  return { codes: [reason ?? "incomplete"], message: "The provider ended the answer before it was complete." };
}

/** Cached input is part of the input, whatever a server says. */
function tokensOf(usage: z.infer<typeof usageShape>): Tokens {
  const { input_tokens: input, output_tokens: output, input_tokens_details: details } = usage;
  return { input, cachedInput: Math.min(details?.cached_tokens ?? 0, input), output };
}
