import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";

const decoders: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The body as it is meant; undefined when it is encoded in a way we do not know. Errors of either end destroy it. */
export function plainBody(answer: IncomingMessage): Readable | undefined {
  const encoding = (answer.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return answer;
  const decoder = decoders[encoding]?.();
  // The reader of the body hears of errors; nothing is left to do here.
  return decoder && pipeline(answer, decoder, () => {});
}

/** The beginning of a short text, also of one that breaks off. */
export async function readText(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
  } catch {
    // The status is known; what arrived of the words is enough.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8");
}

/** What agents act upon or show. Everything else (cookies, addresses, the operator's account) is not their business. */
const passed = /^(?:retry-after(?:-ms)?|x-should-retry|x-request-id|x-reasoning-included|x-ratelimit-[a-z-]{1,40})$/;

/** The headers of an answer that the agent gets, without secrets. */
export function passedHeaders(
  headers: IncomingHttpHeaders,
  redact: (text: string) => string,
): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    passed.test(name) && typeof value === "string" ? [[name, redact(value)] as const] : [],
  );
  return Object.fromEntries(entries);
}

/** How an answer is to be read: by what it says it is, else by what was asked for. `page` is no answer of a model. */
export function formOf(headers: IncomingHttpHeaders, streamed: "yes" | "no"): "sse" | "json" | "page" {
  const type = (headers["content-type"] ?? "").toLowerCase();
  if (type.includes("html")) return "page";
  if (type.includes("event-stream")) return "sse";
  if (type.includes("json")) return "json";
  return streamed === "yes" ? "sse" : "json";
}
