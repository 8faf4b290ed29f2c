import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { redactor } from "../redact.ts";
import { exchange } from "./exchange.ts";
import { type GatewayLimits, usualLimits } from "./limits.ts";
import { jsonForms } from "./mask-bytes.ts";
import { openLine, openWires, routes, type Wires } from "./provider.ts";
import { refusals, refuse } from "./refusal.ts";
import { openBooks } from "./run-books.ts";
import type { Cut, ServedRun } from "./served-run.ts";
import type { AdmitOrder, Gateway, ModelTicket } from "./types.ts";

/** The part of a pino logger the gateway needs. It never hears bodies, headers, tokens or keys. */
export interface GatewayLog {
  error(fields: object, message: string): void;
}

export interface GatewayOptions {
  /** Not 127.0.0.1, which programs in the sandbox do not send through its proxy (agents.md §4.2). */
  readonly address?: string;
  readonly limits?: Partial<GatewayLimits>;
  readonly log?: GatewayLog;
}

/** What agents see before the protocol's own route, whatever the provider's base URL is. */
const prefix = "/v1";

/**
 * Opens the model gateway: an HTTP server on a loopback address and a free port, one for all runs of this process.
 * `admit` throws an error with code `bad_provider` for a base URL or a key that cannot be used.
 *
 * @throws an error with code `gateway_unavailable` when it cannot listen there.
 */
export async function openGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const address = options.address ?? "127.0.0.2";
  const limits = { ...usualLimits, ...options.limits };
  const runs = new Map<string, ServedRun>();
  const wires = openWires();
  const busy = new Set<Promise<void>>();
  const server = createServer(timesOf(limits), (req, res) => {
    const served = serve(runs, req, res).catch((error: unknown) => recover(res, { error, log: options.log }));
    busy.add(served);
    void served.finally(() => busy.delete(served));
  });
  const host = `${address}:${await listen(server, address)}`;
  return {
    admit: (order) => {
      const token = `baton-run-${randomBytes(32).toString("base64url")}`;
      const run = openRun(order, { token, limits, wires });
      runs.set(token, run);
      return ticketOf(run, { host, token, revoke: () => revoke(runs, token) });
    },
    close: async () => {
      for (const token of [...runs.keys()]) revoke(runs, token);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([...busy, closed]);
      wires.http.destroy();
      wires.https.destroy();
    },
  };
}

function timesOf({ requestMs }: GatewayLimits) {
  return { requestTimeout: requestMs, connectionsCheckingInterval: Math.min(5000, requestMs) };
}

async function listen(server: Server, address: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `The model gateway cannot listen on ${address}.`;
      reject(Object.assign(new Error(message, { cause }), { code: "gateway_unavailable" }));
    });
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  return typeof bound === "object" && bound ? bound.port : 0;
}

function openRun(
  order: AdmitOrder,
  { token, limits, wires }: { readonly token: string; readonly limits: GatewayLimits; readonly wires: Wires },
): ServedRun {
  const { key } = order.provider;
  return {
    order,
    limits,
    line: openLine(order.provider, wires),
    books: openBooks(order.caps),
    redact: redactor([...jsonForms(key ?? ""), token]).redact,
    open: new Set(),
    hold: { bytes: 0 },
    activity: { inFlight: 0, lastByteAt: undefined },
  };
}

function ticketOf(run: ServedRun, own: Pick<ModelTicket, "host" | "token" | "revoke">): ModelTicket {
  return {
    ...own,
    baseUrl: `http://${own.host}${prefix}`,
    usage: run.books.usage,
    trouble: run.books.trouble,
    givenUp: run.books.givenUp,
    activity: () => ({ ...run.activity }),
  };
}

function revoke(runs: Map<string, ServedRun>, token: string): void {
  const run = runs.get(token);
  runs.delete(token);
  for (const cut of run?.open ?? []) cut.abort("revoked" satisfies Cut);
}

/** One route per run, in exactly this spelling: no query, no dots, no second slash to be read in two ways. */
async function serve(runs: ReadonlyMap<string, ServedRun>, req: IncomingMessage, res: ServerResponse): Promise<void> {
  // The rest of a request that is refused is read and forgotten, or its sender would miss the answer.
  res.once("finish", () => req.resume());
  const token = /^Bearer ([\w-]+)$/i.exec(req.headers.authorization ?? "")?.[1];
  const run = token === undefined ? undefined : runs.get(token);
  if (!run) return refuse(res, refusals.token);
  const route = `${prefix}${routes[run.order.provider.api]}`;
  if (req.method !== "POST" || req.url !== route) return refuse(res, refusals.route);
  if (run.open.size >= run.limits.parallel) return refuse(res, refusals.parallel);
  await exchange(run, { req, res });
}

/** A fault of ours ends one request, not the app. The stack tells where; a message could quote what it tripped over. */
function recover(
  res: ServerResponse,
  { error, log }: { readonly error: unknown; readonly log: GatewayLog | undefined },
): void {
  const kind = error instanceof Error ? error.name : typeof error;
  const where = error instanceof Error ? error.stack?.match(/^ {4}at .*$/gm)?.slice(0, 3) : undefined;
  log?.error({ kind, where }, "the model gateway failed to serve a request");
  res.destroy();
}
