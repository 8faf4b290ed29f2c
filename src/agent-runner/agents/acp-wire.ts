import type { AnyMessage, Stream } from "@agentclientprotocol/sdk";
import { z } from "zod";
import { answerSchema } from "./acp-messages.ts";

/**
 * Between the lines of a hostile agent and the protocol's library. The library trusts its peer: it logs what it does not
 * understand, answers every request, and parses whole messages. So only well-formed messages we can use pass, reduced to
 * what we read; an agent's own noise on its standard output is dropped.
 */
export interface Wire {
  readonly stream: Stream;
  /** One line of the agent's standard output. */
  readonly hear: (line: string) => void;
  readonly close: () => void;
}

export interface WireOrder {
  readonly say: (line: string) => void;
  readonly onUpdate: (params: unknown) => void;
  /** The agent asks so much that answering it would hurt. Called once; nothing it asks is heard afterwards. */
  readonly onFlood: () => void;
}

/** Requests of an agent that are answered in one run. */
const mostRequests = 10_000;

const id = z.union([z.string().max(200), z.int()]);
const method = z.string().max(200);
const requestSchema = z.object({ jsonrpc: z.literal("2.0"), id, method, params: z.unknown().optional() });
const notificationSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.undefined().optional(),
  method,
  params: z.unknown().optional(),
});
const errorSchema = z.object({ code: z.int(), message: z.string() });
const responseSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.int(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** Opens a wire over which lines come and go. */
export function openWire({ say, onUpdate, onFlood }: WireOrder): Wire {
  const pending = new Set<number>();
  let asked = 0;
  let input: ReadableStreamDefaultController<AnyMessage> | undefined;
  const readable = new ReadableStream<AnyMessage>({
    start: (controller) => {
      input = controller;
    },
    cancel: () => {
      input = undefined;
    },
  });
  const writable = new WritableStream<AnyMessage>({
    write: (message) => {
      if ("method" in message && "id" in message && typeof message.id === "number") pending.add(message.id);
      say(JSON.stringify(message));
    },
  });
  const hear = (line: string) => {
    const message = parsed(line);
    const request = requestSchema.safeParse(message).data;
    if (request) {
      asked++;
      if (asked === mostRequests + 1) onFlood();
      if (asked <= mostRequests) input?.enqueue({ ...request });
      return;
    }
    const notification = notificationSchema.safeParse(message).data;
    if (notification) {
      if (notification.method === "session/update") onUpdate(notification.params);
      return;
    }
    const response = responseSchema.safeParse(message).data;
    if (response && pending.delete(response.id)) input?.enqueue(answerOf(response));
  };
  return {
    stream: { readable, writable },
    hear,
    close: () => {
      input?.close();
      input = undefined;
    },
  };
}

/** An answer to something we asked. One that is none is an error, or we would wait for ever. */
function answerOf({ id, result, error }: z.infer<typeof responseSchema>): AnyMessage {
  const answer = answerSchema.safeParse(result).data;
  if (answer) return { jsonrpc: "2.0", id, result: answer };
  const { code, message } = errorSchema.safeParse(error).data ?? { code: -32600, message: "an answer that is none" };
  return { jsonrpc: "2.0", id, error: { code, message: message.slice(0, 4000) } };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
