/** Bounds that hold whatever an agent sends and a provider answers. */
export interface GatewayLimits {
  /** One request body. */
  readonly requestBytes: number;
  /** All request bodies of one run that are in memory at the same time. */
  readonly heldBytes: number;
  /** Time for a request to arrive completely. */
  readonly requestMs: number;
  /** Requests one run may have open at the same time. */
  readonly parallel: number;
  /** One answer. It ends a stream that never comes to an end by itself. */
  readonly answerBytes: number;
}

const mib = 1 << 20;

/** A full context with images is about 10 MiB; a long streamed answer with its framing about 40 MiB. */
export const usualLimits: GatewayLimits = {
  requestBytes: 32 * mib,
  heldBytes: 64 * mib,
  requestMs: 60_000,
  parallel: 16,
  answerBytes: 128 * mib,
};
