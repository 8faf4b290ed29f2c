import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { matchesEvent, type Payload } from "./event-shape.ts";
import { type BodyLimits, createSlots, readBody, type Slots } from "./read-body.ts";
import { assertStrongSecret, isSigned } from "./secret.ts";

/** A delivery whose signature fits its bytes and whose body fits its event name. */
export interface VerifiedDelivery {
  /** `X-GitHub-Delivery`. */
  readonly id: string;
  readonly event: string;
  readonly action: string | undefined;
  readonly rawBody: Buffer;
  readonly payload: Payload;
}

export type Readiness = { readonly kind: "ready" } | { readonly kind: "not_ready"; readonly reason: string };

export interface IngressOptions {
  readonly secret: string;
  /** Commits the delivery and what follows from it. GitHub hears 2xx only after this resolved. */
  readonly accept: (delivery: VerifiedDelivery) => Promise<void>;
  readonly readiness: () => Promise<Readiness>;
  /** Told about every delivery that could not be accepted, for the log. */
  readonly onFailure: (error: unknown, delivery: Pick<VerifiedDelivery, "id" | "event">) => void;
  readonly limits?: Partial<IngressLimits>;
}

export interface IngressLimits extends BodyLimits {
  /** Large bodies that may be in memory at once. */
  readonly largeBodies: number;
  readonly headersMs: number;
  /** From a request's first byte to its last. */
  readonly requestMs: number;
  /** How often slow senders are looked for. */
  readonly checkMs: number;
  /** How long a refused sender has to read the answer before the connection is closed. */
  readonly lingerMs: number;
  readonly connections: number;
}

const defaults: IngressLimits = {
  maxBytes: 26 * 1024 * 1024,
  freeBytes: 256 * 1024,
  largeBodies: 1,
  headersMs: 5_000,
  requestMs: 15_000,
  checkMs: 1_000,
  lingerMs: 1_000,
  connections: 512,
};

/** What is said to the sender. */
interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Ingress {
  readonly options: IngressOptions;
  readonly limits: IngressLimits;
  readonly slots: Slots;
}

const webhookPath = "/api/github/webhooks";
const notFound: Answer = { status: 404, text: "not found" };

/**
 * The one door for webhooks: serves the webhook path, `/healthz` and `/readyz`, and 404 for everything else, Probot's
 * set-up pages included (security.md T05). Reads with a cap while streaming (T04), checks the signature over the raw
 * bytes before anything is parsed (T01), and answers 2xx only after `accept` committed (T03).
 *
 * @throws Error `weak_secret` when the secret could be guessed
 */
export function createIngress(options: IngressOptions): Server {
  assertStrongSecret(options.secret);
  const limits = { ...defaults, ...options.limits };
  const ingress: Ingress = { options, limits, slots: createSlots(limits.largeBodies) };
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => {
      answer(ingress, request)
        .then((result) => result && send(request, response, { ...result, lingerMs: limits.lingerMs }))
        .catch((error: unknown) => {
          options.onFailure(error, { id: "", event: "" });
          response.destroy();
        });
    },
  );
  server.maxConnections = limits.connections;
  return server;
}

/** Undefined when the sender has left. */
async function answer(ingress: Ingress, request: IncomingMessage): Promise<Answer | undefined> {
  const [path] = (request.url ?? "").split("?", 1);
  if (request.method === "POST" && path === webhookPath) return receive(ingress, request);
  if (request.method !== "GET") return notFound;
  if (path === "/healthz") return { status: 200, text: "ok" };
  if (path !== "/readyz") return notFound;
  const readiness = await ingress.options.readiness();
  return readiness.kind === "ready" ? { status: 200, text: "ready" } : { status: 503, text: readiness.reason };
}

async function receive({ options, limits, slots }: Ingress, request: IncomingMessage): Promise<Answer | undefined> {
  const head = readHead(request);
  if ("status" in head) return head;
  const body = await readBody(request, { ...limits, slots });
  if (body.kind === "gone") return undefined;
  if (body.kind === "too_large") return { status: 413, text: "too large" };
  if (!isSigned(body.bytes, head.signature, options.secret)) return { status: 401, text: "signature does not fit" };
  const payload = parse(body.bytes);
  if (!payload) return { status: 400, text: "body is not a JSON object" };
  if (!matchesEvent(head.event, payload)) return { status: 400, text: "body does not fit its event" };
  const action = typeof payload.action === "string" ? payload.action : undefined;
  const { id, event } = head;
  try {
    await options.accept({ id, event, action, rawBody: body.bytes, payload });
    return { status: 202, text: "accepted" };
  } catch (error) {
    options.onFailure(error, { id, event });
    return isUnreadable(error) ? { status: 400, text: "payload not understood" } : { status: 500, text: "not stored" };
  }
}

interface Head {
  readonly id: string;
  readonly event: string;
  readonly signature: string;
}

/** Everything that can be judged before the body. Repeated headers arrive joined by commas and so fit no pattern. */
function readHead({ headers }: IncomingMessage): Head | Answer {
  const type = headers["content-type"] ?? "";
  if (!/^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(type) || headers["content-encoding"]) {
    return { status: 415, text: "send application/json" };
  }
  const id = String(headers["x-github-delivery"] ?? "");
  const event = String(headers["x-github-event"] ?? "");
  const signature = String(headers["x-hub-signature-256"] ?? "");
  if (!/^[0-9a-f-]{16,64}$/i.test(id)) return { status: 400, text: "X-GitHub-Delivery is missing or odd" };
  if (!/^[a-z_]{1,64}$/.test(event)) return { status: 400, text: "X-GitHub-Event is missing or odd" };
  if (signature === "") return { status: 401, text: "X-Hub-Signature-256 is missing" };
  return { id, event, signature };
}

function parse(bytes: Buffer): Payload | undefined {
  if (isDeep(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Payload) : undefined;
  } catch {
    return undefined;
  }
}

/** Nesting beyond anything GitHub sends would cost a hundred times its size once parsed. */
function isDeep(bytes: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x5b || byte === 0x7b) depth += 1;
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    if (depth > 100) return true;
  }
  return false;
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "unreadable_payload";
}

/**
 * A sender that was refused in the middle gets its answer first: closing at once would reset the connection, and the
 * answer with it. Nothing more is read from it, so it cannot fill the memory while it reads.
 */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, text, lingerMs }: Answer & { readonly lingerMs: number },
): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "x-content-type-options": "nosniff",
    ...(request.complete ? {} : { connection: "close" }),
  });
  if (request.complete) {
    response.end(body);
    return;
  }
  response.write(body);
  const timer = setTimeout(finish, lingerMs);
  function finish(): void {
    clearTimeout(timer);
    response.end();
    request.destroy();
  }
  request.once("end", finish).once("error", finish).once("close", finish);
}
