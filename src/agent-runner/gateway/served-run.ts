import type { IncomingMessage, ServerResponse } from "node:http";
import type { IdleWatch } from "./idle-watch.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ProviderLine } from "./provider.ts";
import type { Hold, ModelOrder } from "./request-body.ts";
import type { Entry, RunBooks } from "./run-books.ts";
import type { AdmitOrder } from "./types.ts";

/** One run as the gateway knows it. */
export interface ServedRun {
  readonly order: AdmitOrder;
  readonly limits: GatewayLimits;
  readonly line: ProviderLine;
  readonly books: RunBooks;
  readonly redact: (text: string) => string;
  readonly open: Set<AbortController>;
  readonly hold: Hold;
  readonly activity: { inFlight: number; lastByteAt: number | undefined };
}

/** Why an exchange was cut. */
export type Cut = "left" | "revoked" | "silent" | "endless";

/** Everything one exchange works on. */
export interface Talk {
  readonly run: ServedRun;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly cut: AbortController;
}

/** An admitted request on its way. */
export interface Sent extends Talk {
  readonly order: ModelOrder;
  readonly entry: Entry;
  readonly idle: IdleWatch;
}
