import { createSign } from "node:crypto";

/** A JSON web token as an app makes one, with whatever claims. */
export function signJwt(claims: Readonly<Record<string, unknown>>, privateKeyPem: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKeyPem, "base64url")}`;
}
