import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  validateHeaderValue,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { ModelOrder } from "./request-body.ts";
import type { ModelApi, Provider } from "./types.ts";

/** The only route of each protocol that is served, below the base URL. */
export const routes: Readonly<Record<ModelApi, string>> = {
  "openai-responses": "/responses",
  "openai-chat": "/chat/completions",
};

/** Connections to providers, shared by all runs of a gateway. */
export interface Wires {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** A connection that nobody used for this long is closed. */
const freeMs = 60_000;

export function openWires(): Wires {
  const options = { keepAlive: true, timeout: freeMs };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

export interface ProviderLine {
  /** Sends a request. Rejects with the connection's error when there is no answer; a redirect is an answer. */
  readonly send: (order: ModelOrder, headers: IncomingHttpHeaders, signal: AbortSignal) => Promise<IncomingMessage>;
}

/**
 * The way to one provider's inference route.
 *
 * @throws an error with code `bad_provider` when base URL or key cannot be used at all; it names neither.
 */
export function openLine({ api, baseUrl, key }: Provider, wires: Wires): ProviderLine {
  const url = inferenceUrl(baseUrl, routes[api]);
  const authorization = authorizationOf(key);
  const https = url.protocol === "https:";
  const attempt = (order: ModelOrder, headers: IncomingHttpHeaders, wire: Wire) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const length = order.parts.reduce((sum, part) => sum + part.length, 0);
      const sent = { ...forwarded(headers), ...authorization, "content-length": String(length) };
      const req = (https ? httpsRequest : httpRequest)(url, { method: "POST", headers: sent, ...wire });
      req.on("response", resolve);
      req.on("error", (cause) => reject(req.reusedSocket && hangUps.has(codeOf(cause)) ? new StaleWire() : cause));
      for (const part of order.parts) req.write(part);
      req.end();
    });
  return {
    send: (order, headers, signal) =>
      attempt(order, headers, { signal, agent: https ? wires.https : wires.http }).catch((error: unknown) => {
        // A kept connection that the provider closed at that moment: most likely it never saw the request.
        if (error instanceof StaleWire && !signal.aborted) return attempt(order, headers, { signal, agent: false });
        throw error;
      }),
  };
}

interface Wire {
  readonly signal: AbortSignal;
  readonly agent: HttpAgent | false;
}

class StaleWire extends Error {}
const hangUps = new Set(["ECONNRESET", "EPIPE"]);

/** The code of an error of the network, `""` for other errors. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Of the agent's headers a provider gets these; account, project and address are not the agent's to choose. */
function forwarded(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const beta = headers["openai-beta"];
  return {
    "content-type": "application/json",
    accept: headers.accept ?? "*/*",
    // A compressed answer would hide its tokens, and the key if it is in there.
    "accept-encoding": "identity",
    "user-agent": headers["user-agent"] ?? "baton",
    ...(typeof beta === "string" ? { "openai-beta": beta } : {}),
  };
}

function authorizationOf(key: string | undefined): Readonly<Record<string, string>> {
  if (!key) return {};
  const value = `Bearer ${key}`;
  try {
    validateHeaderValue("authorization", value);
  } catch (cause) {
    throw unusable("The provider's key has characters that do not fit in an HTTP header.", cause);
  }
  return { authorization: value };
}

/** A query of the base URL (some providers put their API version there) stays. */
function inferenceUrl(baseUrl: string, route: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw unusable("The provider's base URL is no HTTP address.");
  }
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${route}`;
  return url;
}

function unusable(message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code: "bad_provider" });
}
