/**
 * The model gateway stands between an agent and its provider: it alone has the key, it sees every status and every
 * token, and it is the truth about failures, cost and limits (docs/adr/0009). Values only; durations say their unit.
 */

/** The wire protocols an agent may speak to its provider. */
export type ModelApi = "openai-responses" | "openai-chat";

export interface Provider {
  readonly api: ModelApi;
  /** Where the routes of the protocol begin, with the version: `https://models.example.com/v1`. */
  readonly baseUrl: string;
  /** Undefined for a provider that wants none, such as a model server on this machine. */
  readonly key: string | undefined;
}

export interface ModelCaps {
  /** Requests a run may make. */
  readonly requests: number;
  /** Input and output tokens a run may use, cached input counted once like any other. */
  readonly tokens: number;
}

export interface AdmitOrder {
  readonly provider: Provider;
  readonly caps: ModelCaps;
  /** A request in flight is cut after this long without a byte from the provider. */
  readonly idleMs: number;
}

/** Tokens as the provider counted them. `cachedInput` is part of `input`. */
export interface ModelUsage {
  readonly requests: number;
  readonly failures: number;
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

export type ModelTroubleClass =
  /** 401, 403: the key is wrong or may not use the model. */
  | "auth"
  /** 429 with a word of money or quota: waiting does not help. */
  | "quota"
  /** 429, 529: too fast. */
  | "rate"
  /** The conversation is longer than the model takes. */
  | "overflow"
  /** 404 or 400: the model or the request is not known there. */
  | "request"
  /** 5xx, a refused or a cut connection, an answer that is none. */
  | "unavailable"
  /** No byte for too long. */
  | "silent";

export interface ModelTrouble {
  readonly class: ModelTroubleClass;
  /** One line for people: status and the provider's own words, cut and cleaned. Never the key. */
  readonly detail: string;
  readonly status?: number;
}

/** Why the gateway serves a run no more. */
export type GivenUp =
  | { readonly kind: "cap"; readonly which: "requests" | "tokens" }
  /** The same trouble again and again: waiting any longer is of no use. */
  | { readonly kind: "trouble"; readonly trouble: ModelTrouble };

/** One run's admission: what its agent is told, and what the runner may ask. */
export interface ModelTicket {
  /** Base URL the agent is given, ending where the protocol's routes begin. */
  readonly baseUrl: string;
  /** `host:port` for the sandbox's network list. */
  readonly host: string;
  /** Stands for the key inside the sandbox. Random, and dead once `revoke` was called. */
  readonly token: string;
  readonly usage: () => ModelUsage;
  /** The trouble of the last answered request; undefined when that one went well or none was made. */
  readonly trouble: () => ModelTrouble | undefined;
  /** Signals for liveness: requests in flight, and when the provider last sent a byte (`performance.now()`). */
  readonly activity: () => { readonly inFlight: number; readonly lastByteAt: number | undefined };
  /** Aborts, with a GivenUp as its reason, when the gateway serves this run no more. */
  readonly givenUp: AbortSignal;
  /** Ends everything in flight. The token is refused from now on. May be called twice. */
  readonly revoke: () => void;
}

export interface Gateway {
  readonly admit: (order: AdmitOrder) => ModelTicket;
  /** Revokes every ticket and stops listening. */
  readonly close: () => Promise<void>;
}
