import type { IncomingMessage } from "node:http";
import type { GatewayLimits } from "./limits.ts";
import { createMemberScanner, type Member, type MemberScanner } from "./member-scanner.ts";
import { type Refusal, refusals } from "./refusal.ts";
import type { ModelApi } from "./types.ts";

/** A request of the agent, ready to be sent. */
export interface ModelOrder {
  readonly parts: readonly Buffer[];
  readonly bytes: number;
  readonly streamed: "yes" | "no";
  /** Lets go of the parts. To be called once, when they are sent or never will be. */
  readonly release: () => void;
}

export type BodyReading =
  | { readonly kind: "order"; readonly order: ModelOrder }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The agent hung up before its request was complete. */
  | { readonly kind: "left" };

/** How much one run holds in memory. */
export interface Hold {
  bytes: number;
}

interface Reading {
  readonly api: ModelApi;
  readonly limits: GatewayLimits;
  readonly hold: Hold;
}

/**
 * Reads a request body and judges the few members that the count depends on. The whole body is held, because it may
 * have to be sent twice; the caller gives `order.bytes` back to the hold once it is sent.
 */
export async function readBody(req: IncomingMessage, { api, limits, hold }: Reading): Promise<BodyReading> {
  if ((req.headers["content-encoding"] ?? "identity") !== "identity") return refused(refusals.encoded);
  const scanner = createMemberScanner(["stream", "stream_options", "background"]);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const giveBack = () => {
    hold.bytes -= bytes;
  };
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      if (bytes + chunk.length > limits.requestBytes || hold.bytes + chunk.length > limits.heldBytes) {
        giveBack();
        return refused(refusals.large);
      }
      bytes += chunk.length;
      hold.bytes += chunk.length;
      chunks.push(chunk);
      scanner.push(chunk);
    }
  } catch {
    giveBack();
    return { kind: "left" };
  }
  const judged = judge(api, scanner, chunks);
  if ("status" in judged) {
    giveBack();
    return refused(judged);
  }
  const parts = [...judged.parts];
  const release = () => {
    parts.length = 0;
    giveBack();
  };
  return { kind: "order", order: { parts, bytes, streamed: judged.streamed, release } };
}

function judge(
  api: ModelApi,
  scanner: MemberScanner,
  chunks: readonly Buffer[],
): Pick<ModelOrder, "parts" | "streamed"> | Refusal {
  const members = scanner.end();
  if (!members) return bad("The request is no JSON object.");
  const [stream, options, background] = ["stream", "stream_options", "background"].map((name) =>
    members.filter((one) => one.name === name),
  ) as [Member[], Member[], Member[]];
  // Two members of one name: which one counts is up to the reader, so ours and the provider's could differ.
  if (Math.max(stream.length, options.length, background.length) > 1) return bad("A member is given twice.");
  // Work in the background is answered before its tokens are known, and never counted.
  if (!isOneOf(background[0], ["false", "null"])) return bad("Requests in the background are not served.");
  if (!isOneOf(stream[0], ["true", "false", "null"])) return bad("`stream` is neither true nor false.");
  if (stream[0]?.text !== "true") return { parts: chunks, streamed: "no" };
  if (api === "openai-responses") return { parts: chunks, streamed: "yes" };
  const parts = withUsage(chunks, options[0]);
  return parts ? { parts, streamed: "yes" } : bad("`stream_options` is no object.");
}

function isOneOf(member: Member | undefined, texts: readonly string[]): boolean {
  return member === undefined || (member.text !== undefined && texts.includes(member.text));
}

/** Chat Completions tells a stream's tokens only when asked to, so we ask; the agent's other options stay. */
function withUsage(chunks: readonly Buffer[], options: Member | undefined): readonly Buffer[] | undefined {
  const body = Buffer.concat(chunks);
  if (!options) {
    const inside = body.indexOf("{") + 1;
    return [body.subarray(0, inside), Buffer.from('"stream_options":{"include_usage":true},'), body.subarray(inside)];
  }
  const given = parseOptions(options.text);
  if (!given) return undefined;
  const asked = Buffer.from(JSON.stringify({ ...given, include_usage: true }));
  return [body.subarray(0, options.start), asked, body.subarray(options.end)];
}

function parseOptions(text: string | undefined): object | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return {};
    return typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function refused(refusal: Refusal): BodyReading {
  return { kind: "refused", refusal };
}

function bad(message: string): Refusal {
  return { status: 400, code: "bad_request", message };
}
