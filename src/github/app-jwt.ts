import { createPrivateKey, sign } from "node:crypto";
import type { Clock } from "./types.ts";

/** Our clock may be ahead of GitHub's by this much before it refuses `iat` as lying in the future. */
const backdatedSeconds = 60;
/** GitHub accepts ten minutes at most, by its own clock: two are left for the difference. */
const validSeconds = 480;

/**
 * Prepares the signing of JSON Web Tokens, by which the app proves that it is itself. The key is parsed once, here, so
 * that a bad one is found at start-up and not at the first webhook.
 *
 * @throws Error `bad_private_key`, without a word of the key in it.
 */
export function createAppJwt(settings: { readonly appId: number; readonly privateKey: string; readonly clock: Clock }) {
  const { appId, clock } = settings;
  const key = parsed(settings.privateKey);
  return (): string => {
    const now = Math.floor(clock.now() / 1000);
    const claims = { iat: now - backdatedSeconds, exp: now + validSeconds, iss: appId };
    const content = `${encoded({ alg: "RS256", typ: "JWT" })}.${encoded(claims)}`;
    return `${content}.${sign("RSA-SHA256", Buffer.from(content), key).toString("base64url")}`;
  };
}

function parsed(pem: string) {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // The parser's own message says nothing an operator could act on, and might quote its input.
  }
  throw Object.assign(new Error("the app's private key is not an RSA key in PEM format"), { code: "bad_private_key" });
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
