import type { ServerResponse } from "node:http";

/** What the gateway itself answers instead of the provider. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export const refusals = {
  token: { status: 401, code: "invalid_api_key", message: "This token is not known here, or its run is over." },
  route: { status: 404, code: "unknown_route", message: "The model gateway serves inference routes only." },
  parallel: { status: 429, code: "too_many_at_once", message: "This run has too many requests open at once." },
  large: { status: 413, code: "request_too_large", message: "The request is larger than the model gateway takes." },
  encoded: { status: 415, code: "unsupported_encoding", message: "Request bodies are taken uncompressed only." },
} as const satisfies Record<string, Refusal>;

/** Answers in the shape of an OpenAI error, which is what the agents know how to read. */
export function refuse(res: ServerResponse, { status, code, message }: Refusal): void {
  const type = status >= 500 ? "server_error" : "invalid_request_error";
  answerJson(res, { status, headers: {}, body: JSON.stringify({ error: { message, type, param: null, code } }) });
}

/** Sends a whole JSON text. Does nothing when an answer has begun or the agent has left. */
export function answerJson(
  res: ServerResponse,
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string },
): void {
  if (res.headersSent || res.destroyed) return;
  const body = Buffer.from(answer.body, "utf8");
  res.writeHead(answer.status, {
    ...answer.headers,
    "content-type": "application/json",
    "content-length": String(body.length),
  });
  res.end(body);
}
