import type { ServerResponse } from "node:http";
import type { Fault } from "./faults.ts";
import type { Refusal, RefusalBody } from "./protocols/protocol.ts";
import type { Recording } from "./record.ts";

/** A request that is being answered. */
export interface Exchange {
  /** Unique in the server. */
  readonly id: string;
  readonly response: ServerResponse;
  readonly recording: Recording;
}

/** What a fault makes the provider say instead of an answer; undefined when it lets the answer begin. */
export function refusalFor(fault: Fault | undefined): Refusal | undefined {
  switch (fault?.kind) {
    case "quota":
    case "overflow":
      return { kind: fault.kind };
    case "status":
      return { kind: "status", status: fault.status, message: fault.message };
    default:
      return undefined;
  }
}

/** Sends a refusal. */
export function refuse({ response, recording }: Exchange, { status, body }: RefusalBody, fault?: Fault): void {
  const wait = fault?.kind === "status" ? fault.retryAfter : undefined;
  recording.status = status;
  response.writeHead(status, {
    "content-type": "application/json",
    ...(wait === undefined ? {} : { "retry-after": String(wait) }),
  });
  response.end(JSON.stringify(body));
}
