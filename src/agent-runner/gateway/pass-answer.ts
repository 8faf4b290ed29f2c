import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { formOf, passedHeaders, plainBody, readText } from "./answer-body.ts";
import { type AnswerMeter, createMeter } from "./answer-meter.ts";
import { readErrorText } from "./complaint.ts";
import { maskBytes } from "./mask-bytes.ts";
import { codeOf } from "./provider.ts";
import { answerJson, refuse } from "./refusal.ts";
import type { Spent } from "./run-books.ts";
import type { Cut, Sent } from "./served-run.ts";
import { ownTrouble, troubleOf } from "./trouble.ts";
import type { ModelTrouble } from "./types.ts";

const longestErrorBytes = 64 << 10;

/** Sends an admitted request to the provider and passes on whatever comes back. Enters the end in the run's books. */
export async function passAnswer(sent: Sent): Promise<void> {
  const { run, order, req, cut } = sent;
  let answer: IncomingMessage;
  try {
    answer = await run.line.send(order, req.headers, cut.signal);
  } catch (error) {
    return endWithout(sent, error);
  } finally {
    order.release();
  }
  touch(sent);
  const status = answer.statusCode ?? 0;
  const body = plainBody(answer);
  const form = formOf(answer.headers, order.streamed);
  if (status >= 400) return passError(sent, { answer, body, status });
  if (status < 300 && body && form !== "page") return passBody(sent, { answer, body, status, form });
  answer.destroy();
  const what = status >= 300 ? "a redirect, and none is followed" : "a web page or an unknown encoding, not an answer";
  return fail(sent, ownTrouble("unavailable", `HTTP ${status}: ${what}.`, status));
}

/** The provider did not answer, or the agent did not wait for it. */
function endWithout(sent: Sent, error: unknown): void {
  const how = howItEnded(sent, error);
  if (how === "left" || how === "revoked") sent.entry.left(untold(sent, 0));
  else fail(sent, troubleOfEnd(sent, { how, error }));
}

/** Enters a trouble and tells the agent, who has no answer yet. */
function fail(sent: Sent, trouble: ModelTrouble): void {
  sent.entry.failed(trouble, { kind: "nothing" });
  const status = trouble.class === "silent" ? 504 : 502;
  refuse(sent.res, { status, code: "provider_unavailable", message: trouble.detail });
}

interface Answer {
  readonly answer: IncomingMessage;
  readonly status: number;
}

/** An error goes to the agent in the provider's own words, but without the key, should it be among them. */
async function passError(
  sent: Sent,
  { answer, body, status }: Answer & { readonly body: Readable | undefined },
): Promise<void> {
  const { run, res, entry } = sent;
  const text = body ? await readText(body, longestErrorBytes) : "";
  answer.destroy();
  const trouble = troubleOf(readErrorText(text, status), run.redact);
  entry.failed(trouble, { kind: "nothing" });
  const own = { error: { message: trouble.detail, type: "provider_error", param: null, code: null } };
  const headers = passedHeaders(answer.headers, run.redact);
  answerJson(res, { status, headers, body: redactJson(text, run.redact) ?? JSON.stringify(own) });
}

/** Redacts inside the strings as well, where JSON may have escaped a character of a secret. */
function redactJson(text: string, redact: (text: string) => string): string | undefined {
  try {
    const clean = (_name: string, value: unknown) => (typeof value === "string" ? redact(value) : value);
    return redact(JSON.stringify(JSON.parse(text), clean));
  } catch {
    return undefined;
  }
}

interface GoodAnswer extends Answer {
  readonly body: Readable;
  readonly form: "sse" | "json";
}

/** Streams an answer through, at the agent's pace, while the meter reads along. */
async function passBody(sent: Sent, { answer, body, status, form }: GoodAnswer): Promise<void> {
  const { run, res, cut } = sent;
  const meter = createMeter(run.order.provider.api, form);
  const mask = maskBytes(run.order.provider.key);
  const type = run.redact(
    answer.headers["content-type"] ?? (form === "sse" ? "text/event-stream" : "application/json"),
  );
  res.writeHead(status, { ...passedHeaders(answer.headers, run.redact), "content-type": type });
  res.flushHeaders();
  let bytes = 0;
  try {
    for await (const chunk of body) {
      touch(sent);
      bytes += chunk.length;
      const flowing = res.write(mask.push(chunk));
      meter.push(chunk);
      // Agents hang up at the last event, and whoever asks then gets the whole count.
      if (meter.read().final === "yes") settle(sent, { meter, how: "whole", bytes });
      if (bytes > run.limits.answerBytes) cut.abort("endless" satisfies Cut);
      else if (!flowing) await agentReads(sent, "drain");
    }
    meter.end();
    settle(sent, { meter, how: "whole", bytes });
    res.end(mask.end());
    if (!res.writableFinished) await agentReads(sent, "finish");
  } catch (error) {
    settle(sent, { meter, how: howItEnded(sent, error), bytes, error });
    res.destroy();
  }
}

async function agentReads({ idle, res, cut }: Sent, event: "drain" | "finish"): Promise<void> {
  idle.waitFor("agent");
  await once(res, event, { signal: cut.signal });
  idle.waitFor("provider");
}

type How = Cut | "whole" | "broken";

interface End {
  readonly how: How;
  readonly error?: unknown;
}

/** Enters the end of an answer that began well. The first end counts; what comes later changes nothing. */
function settle(sent: Sent, end: End & { readonly meter: AnswerMeter; readonly bytes: number }): void {
  const { entry, run } = sent;
  const { tokens, verdict, final } = end.meter.read();
  const spent: Spent = tokens ? { kind: "told", tokens } : untold(sent, end.bytes);
  const agentEnded = end.how === "left" || end.how === "revoked";
  // An agent may leave at the finish reason; a provider that breaks off there has not ended its answer.
  if (typeof verdict === "object") entry.failed(troubleOf(verdict, run.redact), spent);
  else if (verdict === "well" && (final === "yes" || end.how === "whole" || agentEnded)) entry.well(spent);
  else if (agentEnded) entry.left(spent);
  else entry.failed(troubleOfEnd(sent, end), spent);
}

/** What ended an exchange before its time. Errors that are not of the network are ours, and go on. */
function howItEnded({ cut, res }: Sent, error: unknown): How {
  if (cut.signal.aborted) return cut.signal.reason as Cut;
  if (res.destroyed) return "left";
  if (codeOf(error) === "") throw error;
  return "broken";
}

function troubleOfEnd({ run }: Sent, { how, error }: End): ModelTrouble {
  const seconds = run.order.idleMs / 1000;
  switch (how) {
    case "silent":
      return ownTrouble("silent", `No byte from the provider for ${seconds} s.`);
    case "endless":
      return ownTrouble("unavailable", `An answer went on for more than ${run.limits.answerBytes} bytes.`);
    case "broken":
      return ownTrouble("unavailable", `The connection to the provider failed (${codeOf(error)}).`);
    default:
      return ownTrouble("unavailable", "The provider's answer ended before it was complete.");
  }
}

/** A token is about four bytes of a request, and a streamed one comes in about sixty-four. */
function untold({ order }: Sent, answered: number): Spent {
  return { kind: "untold", about: Math.ceil(order.bytes / 4 + answered / 64) };
}

function touch({ run, idle }: Sent): void {
  run.activity.lastByteAt = performance.now();
  idle.beat();
}
