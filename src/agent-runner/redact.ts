/** A secret shorter than this is not looked for: it would blacken ordinary words. */
const shortest = 6;
const mark = "[redacted]";

export interface Redactor {
  /** Replaces every form of every secret in a text. */
  readonly redact: (text: string) => string;
  /** The same for a text that comes in pieces: a secret cut in two is still found. Ends with `end()`. */
  readonly stream: () => { readonly push: (piece: string) => string; readonly end: () => string };
}

/**
 * Replaces secrets in texts on their way to people or logs (security.md T32): raw, reversed, hexadecimal, URL-encoded
 * and base64, the latter at each of its three alignments, so that a secret inside a longer encoded text is found too.
 */
export function redactor(secrets: readonly string[]): Redactor {
  const forms = [...new Set(secrets.filter((secret) => secret.length >= shortest).flatMap(formsOf))];
  const longest = Math.max(0, ...forms.map((form) => form.length));
  if (forms.length === 0) return { redact: (text) => text, stream: () => ({ push: (piece) => piece, end: () => "" }) };
  // Longest first, or a short form would break a longer one it is part of.
  const pattern = new RegExp(
    forms
      .sort((a, b) => b.length - a.length)
      .map(escapeForRegExp)
      .join("|"),
    "gi",
  );
  const redact = (text: string) => text.replace(pattern, mark);
  return { redact, stream: () => redactPieces(redact, longest) };
}

function redactPieces(redact: (text: string) => string, longest: number) {
  let held = "";
  return {
    push: (piece: string) => {
      const text = redact(held + piece);
      // What may be the beginning of a secret waits for what follows.
      const keep = Math.min(text.length, longest - 1);
      held = text.slice(text.length - keep);
      return text.slice(0, text.length - keep);
    },
    end: () => {
      const rest = redact(held);
      held = "";
      return rest;
    },
  };
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "utf8");
  const forms = [
    secret,
    [...secret].toReversed().join(""),
    bytes.toString("hex"),
    encodeURIComponent(secret),
    [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
    ...base64Forms(bytes),
  ];
  return forms.filter((form) => form.length >= shortest);
}

/** The characters that stay the same whatever stands before and after the secret in the encoded text. */
function base64Forms(bytes: Buffer): readonly string[] {
  return [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const from = Math.ceil((shift * 8) / 6);
    const complete = Math.floor(((shift + bytes.length) * 8) / 6);
    const stable = encoded.slice(from, complete);
    return [stable, stable.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
