import { once } from "node:events";
import { type Agent, request } from "node:http";
import type { ModelTicket } from "../../../src/agent-runner/gateway/types.ts";

/** Everything the agent's side received for one request, so that canaries can be looked for in all of it. */
export interface Received {
  readonly status: number;
  readonly headers: string;
  readonly text: string;
  /** The connection was cut before the answer was complete. */
  readonly cut: boolean;
}

interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** To keep the connection; a new one for each request when left out. */
  readonly agent?: Agent;
}

/** Sends one request as an agent would, with the ticket's token unless the headers say otherwise. */
export async function call(ticket: ModelTicket, { body, ...rest }: Call = {}): Promise<Received> {
  const { req } = begin(ticket, rest);
  req.end(body ?? '{"model":"m","stream":true,"input":[]}');
  const [res] = await once(req, "response");
  const chunks: Buffer[] = [];
  let cut = false;
  try {
    for await (const chunk of res) chunks.push(chunk);
  } catch {
    cut = true;
  }
  return {
    status: res.statusCode,
    headers: res.rawHeaders.join("\n"),
    text: Buffer.concat(chunks).toString("utf8"),
    cut,
  };
}

/** Begins a request that the test goes on with by itself. */
export function begin(ticket: ModelTicket, { method = "POST", path, headers = {}, agent }: Call = {}) {
  const url = new URL(ticket.baseUrl);
  const req = request({
    host: url.hostname,
    port: url.port,
    method,
    path: path ?? `${url.pathname}/responses`,
    headers: { authorization: `Bearer ${ticket.token}`, "content-type": "application/json", ...headers },
    agent: agent ?? false,
  });
  req.on("error", () => {});
  return { req };
}

/** The JSON error of a refused request. */
export function errorOf({ text }: Received): {
  readonly code: string;
  readonly message: string;
  readonly type: string;
} {
  return JSON.parse(text).error;
}
