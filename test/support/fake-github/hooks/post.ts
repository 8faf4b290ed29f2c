import { createHmac } from "node:crypto";
import { request } from "node:http";
import type { AppIdentity } from "../app-identity.ts";
import type { Attempt, Recipe } from "./delivery.ts";

/** GitHub waits ten seconds for an answer. */
const TIMEOUT = 10_000;

/** Sends one webhook the way GitHub does. Every end is an answer, also the bad ones. */
export function post(
  recipe: Recipe,
  to: { readonly target: string; readonly app: AppIdentity; readonly signal: AbortSignal },
): Promise<Attempt> {
  const { target, app, signal } = to;
  return new Promise((resolve) => {
    const outgoing = request(target, { method: "POST", headers: headersOf(recipe, app), agent: false, signal });
    // The whole exchange has ten seconds, not each silence in it.
    const timer = setTimeout(() => {
      resolve({ statusCode: 504, status: "timed out" });
      outgoing.destroy();
    }, TIMEOUT);
    outgoing.on("close", () => clearTimeout(timer));
    outgoing.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(attemptOf(response.statusCode ?? 0)));
      response.on("error", () => resolve({ statusCode: 502, status: "failed to read the answer" }));
    });
    outgoing.on("error", () => resolve({ statusCode: 502, status: "failed to connect to host" }));
    outgoing.end(recipe.body);
  });
}

/** The value of `X-Hub-Signature-256`. */
export function signatureOf(secret: string, body: Buffer): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

function attemptOf(statusCode: number): Attempt {
  const isGood = statusCode >= 200 && statusCode < 300;
  return { statusCode, status: isGood ? "OK" : `Invalid HTTP Response: ${statusCode}` };
}

function headersOf(recipe: Recipe, app: AppIdentity): Record<string, string | number> {
  return {
    Accept: "*/*",
    "Content-Type": "application/json",
    "Content-Length": recipe.body.length,
    "User-Agent": "GitHub-Hookshot/4f1a2c9",
    "X-GitHub-Delivery": recipe.guid,
    "X-GitHub-Event": recipe.event,
    "X-GitHub-Hook-ID": app.hookId,
    "X-GitHub-Hook-Installation-Target-ID": app.id,
    "X-GitHub-Hook-Installation-Target-Type": "integration",
    "X-Hub-Signature-256": signatureOf(app.webhookSecret, recipe.body),
  };
}
