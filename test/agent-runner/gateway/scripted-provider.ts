import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What the provider got, as it arrived. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export type Answer = (res: ServerResponse, seen: Seen) => void | Promise<void>;

export interface ScriptedProvider {
  readonly baseUrl: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Answers the next requests one after the other; the last answer is kept for all that follow. */
  readonly answers: (...answers: Answer[]) => void;
  readonly sockets: () => number;
  /** Resolves when the connection of the last request is closed. */
  readonly hungUp: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A provider that says what a test tells it to, over real HTTP. */
export async function openProvider(): Promise<ScriptedProvider> {
  const seen: Seen[] = [];
  let script: Answer[] = [];
  const open = new Set<Socket>();
  const closing = new Map<Socket, Promise<unknown>>();
  let last: Socket | undefined;
  const server = createServer(async (req, res) => {
    last = req.socket;
    const one = await read(req);
    seen.push(one);
    const answer = script.length > 1 ? script.shift() : script[0];
    await answer?.(res, one);
  });
  server.on("connection", (socket) => {
    open.add(socket);
    closing.set(
      socket,
      new Promise((resolve) => {
        socket.once("close", () => resolve(open.delete(socket)));
      }),
    );
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/api/v1`,
    port,
    seen,
    answers: (...answers) => {
      script = answers;
    },
    sockets: () => open.size,
    hungUp: async () => {
      if (last) await closing.get(last);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(req: IncomingMessage): Promise<Seen> {
  let body = "";
  for await (const chunk of req.setEncoding("utf8")) body += chunk;
  const { method = "", url = "", headers, rawHeaders } = req;
  return { method, url, headers, rawHeaders, body };
}

export const eventStream = { "content-type": "text/event-stream" };

/** The tokens of the answers below. */
export const counted = { input: 1200, cachedInput: 1000, output: 34 };

export const responsesUsage = {
  input_tokens: 1200,
  input_tokens_details: { cached_tokens: 1000 },
  output_tokens: 34,
  output_tokens_details: { reasoning_tokens: 10 },
  total_tokens: 1234,
};

const chatUsage = {
  prompt_tokens: 1200,
  completion_tokens: 34,
  total_tokens: 1234,
  prompt_tokens_details: { cached_tokens: 1000 },
};

export function event(value: { readonly type: string; readonly [name: string]: unknown }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}

export function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

const delta = event({ type: "response.output_text.delta", delta: "Grüße: response.completed 🙂" });

export const started = event({ type: "response.created", response: { id: "r", usage: null } }) + delta;

export const completed = event({
  type: "response.completed",
  response: { id: "r", status: "completed", output: [], usage: responsesUsage },
});

/** A whole streamed answer of each protocol. */
export const responsesStream = started + completed;

export const chatStart =
  data({ choices: [{ index: 0, delta: { content: "Hi 🙂" }, finish_reason: null }], usage: null }) +
  data({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });

export const chatStream = `${chatStart}${data({ choices: [], usage: chatUsage })}data: [DONE]\n\n`;

export const responsesJson = { id: "r", object: "response", status: "completed", output: [], usage: responsesUsage };

export const chatJson = { choices: [{ message: { content: "Hi" }, finish_reason: "stop" }], usage: chatUsage };

/** Answers with a whole event stream. */
export function streams(text: string): Answer {
  return (res) => void res.writeHead(200, eventStream).end(text);
}

export function json(value: unknown, status = 200): Answer {
  return (res) => void res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Fails as OpenAI does. */
export function refuses(status: number, error: { readonly message: string; readonly [name: string]: unknown }): Answer {
  return json({ error: { type: "invalid_request_error", param: null, code: null, ...error } }, status);
}

/** Says something and then nothing more, with the connection open. */
export function fallsSilent(text: string): Answer {
  return (res) => {
    if (text !== "") res.writeHead(200, eventStream).write(text);
  };
}

/** Says something and hangs up in the middle. */
export function breaksOff(text: string): Answer {
  return (res) => {
    res.writeHead(200, eventStream);
    res.write(text, () => res.destroy());
  };
}
