import { createHmac, timingSafeEqual } from "node:crypto";

const next = "make one with `openssl rand -hex 32` and enter it in the App's settings too";

/**
 * Refuses a webhook secret that anybody could guess (security.md T01); Probot itself would fall back to `development`.
 *
 * @throws Error with code `weak_secret` and a next step
 */
export function assertStrongSecret(secret: string | undefined): asserts secret is string {
  const problem = secretWeakness(secret);
  if (problem) throw Object.assign(new Error(problem), { code: "weak_secret" });
}

/** What is wrong with a webhook secret, with the next step; undefined when it is strong. */
export function secretWeakness(secret: string | undefined): string | undefined {
  const problem = weakness(secret);
  return problem === undefined ? undefined : `WEBHOOK_SECRET ${problem}: ${next}`;
}

/** Whether GitHub's signature header fits these bytes. Takes the same time for every wrong signature. */
export function isSigned(body: Buffer, header: string | undefined, secret: string): boolean {
  if (!header || !/^sha256=[0-9a-f]{64}$/.test(header)) return false;
  const given = Buffer.from(header.slice("sha256=".length), "hex");
  return timingSafeEqual(given, createHmac("sha256", secret).update(body).digest());
}

function weakness(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === "") return "is not set";
  if (secret === "development") return "is Probot's public default";
  if (Buffer.byteLength(secret) < 32) return "is shorter than 32 bytes";
  return new Set(secret).size < 8 ? "repeats too few different characters" : undefined;
}
