/** Searches for known secrets (T32). Nothing here ever returns or throws a secret. */

/** Shorter ones would be found everywhere. */
const minLength = 8;

/** Says whether bytes hold one of the secrets in any of the forms it was made for. */
export type SecretScan = (content: Buffer) => boolean;

/**
 * Prepares a search for secrets: as they are, reversed, in base64 and its URL form (at any offset, in wrapped lines
 * too), in hexadecimal and in percent form, whole or in part.
 * @param secrets - exact values; those under eight bytes are not searched for
 */
export function secretScan(secrets: readonly string[]): SecretScan {
  const known = secrets.filter((secret) => Buffer.byteLength(secret) >= minLength);
  const exact = known.flatMap((secret) => [latin(secret), reversed(secret), ...base64Forms(secret)]);
  const squeezed = [...new Set(exact.map(squeeze))].filter((needle) => needle.length >= minLength);
  const hex = known.map((secret) => Buffer.from(secret).toString("hex"));
  if (known.length === 0) return () => false;
  return (content) => {
    const text = content.toString("latin1");
    const lines = squeeze(text);
    const decoded = squeeze(text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => fromHex(code)));
    const lower = lines.toLowerCase().replace(/0x|\\x|[:,-]/g, "");
    return (
      exact.some((needle) => text.includes(needle)) ||
      squeezed.some((needle) => lines.includes(needle) || decoded.includes(needle)) ||
      hex.some((needle) => lower.includes(needle))
    );
  };
}

/**
 * Blanks every known secret in text, in the forms that stand in one piece, for what is kept for the operator.
 * @param secrets - as for {@link secretScan}
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => Buffer.byteLength(secret) >= minLength);
  const forms = known.flatMap((secret) => [
    secret,
    [...secret].reverse().join(""),
    encodeURIComponent(secret),
    ...base64Forms(secret),
    Buffer.from(secret).toString("hex"),
    Buffer.from(secret).toString("hex").toUpperCase(),
  ]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((clean, form) => clean.replaceAll(form, "[secret removed]"), text);
}

/** The characters of base64 that depend on the secret alone, for each place it can have in a group of three bytes. */
function base64Forms(secret: string): readonly string[] {
  const forms = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    const text = bytes.toString("base64").replace(/=+$/, "");
    const whole = bytes.length % 3 === 0 ? text : text.slice(0, -1);
    return whole.slice(offset === 0 ? 0 : offset + 1);
  });
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

function latin(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function reversed(secret: string): string {
  return latin([...secret].reverse().join(""));
}

/** Without white space and the written form of line ends: long secrets are wrapped and quoted in many ways. */
function squeeze(text: string): string {
  return text.replace(/\\[nrt]|\s+/g, "");
}

function fromHex(code: string): string {
  return String.fromCharCode(Number.parseInt(code, 16));
}
