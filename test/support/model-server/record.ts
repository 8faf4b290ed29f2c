import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** One request that reached the server. It is there from its first byte on and grows as it is answered. */
export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; the text itself when it is no JSON, undefined when there is none. */
  readonly body: unknown;
  /** 0 as long as none was sent. */
  readonly status: number;
  /** `open` while the agent waits; `cut` by a fault or the end of the server; `left` when the agent gave up. */
  readonly state: "open" | "answered" | "cut" | "left";
  /** The script and its turn, from 0; undefined when the request uses none: a title, or the rest of a long command. */
  readonly turn: { readonly script: string; readonly position: number } | undefined;
  /** The kind of fault it met. */
  readonly fault: string | undefined;
}

export type Recording = { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] };

/** Writes down a request that has only just arrived. */
export function record({ method = "", url = "", headers }: IncomingMessage): Recording {
  return { method, path: url, headers, body: undefined, status: 0, state: "open", turn: undefined, fault: undefined };
}

/** Reads a whole body, as JSON where it is. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const text = Buffer.concat(await request.toArray()).toString();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
