import type { ServerResponse } from "node:http";
import type { Fault } from "./faults.ts";
import type { Encoded } from "./protocols/protocol.ts";
import type { Recording } from "./record.ts";
import type { Exchange } from "./refuse.ts";

/** An answer that comes in parts. The first is on its way already; the test sends the others. */
export interface SlowAnswer {
  readonly parts: number;
  readonly sent: () => number;
  /** Sends the next part, and ends the answer with the last. */
  readonly send: () => Promise<void>;
  readonly sendAll: () => Promise<void>;
}

export interface Delivery extends Exchange {
  readonly encoded: Encoded;
  readonly fault: Fault | undefined;
  readonly onSlow: (answer: SlowAnswer) => void;
}

/** Sends an answer, whole or as a fault has it. Resolves when the server has nothing more to do for it. */
export async function deliver(delivery: Delivery): Promise<void> {
  const { response, recording, encoded, fault, onSlow } = delivery;
  if (fault?.kind === "hang-up") return cut(response, recording);
  if (fault?.kind === "no-answer") return;
  recording.status = 200;
  if (fault?.kind === "html") return end(response, "text/html; charset=utf-8", page);
  if (fault?.kind === "cut" || fault?.kind === "silent") {
    begin(response, encoded.contentType);
    await write(response, unfinished(encoded));
    if (fault.kind === "cut") cut(response, recording);
    return;
  }
  if (fault?.kind === "slow") return slowly(delivery, fault.parts, onSlow);
  end(response, encoded.contentType, encoded.frames.join(""));
}

const page = "<!doctype html><title>Sign in</title><h1>Sign in to use this network</h1>\n";

async function slowly(
  { response, encoded }: Delivery,
  parts: number,
  onSlow: (answer: SlowAnswer) => void,
): Promise<void> {
  const text = encoded.frames.join("");
  const size = Math.ceil(text.length / parts);
  let sent = 0;
  const send = async () => {
    if (sent === parts) return;
    await write(response, text.slice(sent * size, (sent + 1) * size));
    sent += 1;
    if (sent === parts) response.end();
  };
  begin(response, encoded.contentType);
  await send();
  onSlow({
    parts,
    sent: () => sent,
    send,
    async sendAll() {
      while (sent < parts) await send();
    },
  });
}

/** What can be sent before any piece of the answer is complete, the last frame torn in two. */
function unfinished({ frames, unfinished: whole }: Encoded): string {
  const torn = frames[whole] ?? "";
  return frames.slice(0, whole).join("") + torn.slice(0, torn.length / 2);
}

function begin(response: ServerResponse, contentType: string): void {
  response.writeHead(200, { "content-type": contentType, "cache-control": "no-cache" });
}

function end(response: ServerResponse, contentType: string, text: string): void {
  begin(response, contentType);
  response.end(text);
}

/** Resolves when the text was handed over, or when nobody is there to take it. */
function write(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => {
    response.write(text, () => resolve());
  });
}

function cut(response: ServerResponse, recording: Recording): void {
  recording.state = "cut";
  response.socket?.destroy();
}
