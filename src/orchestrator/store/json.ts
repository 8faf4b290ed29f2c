const unstorable = /\\u0000|\\ud[89a-f]/i;

/**
 * JSON for a jsonb column. PostgreSQL refuses U+0000 and lone surrogates there, and a stranger may write both into an
 * issue: they become U+FFFD, so that a hostile text can never make the transaction of its own delivery fail. The
 * delivery's raw bytes keep the original.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return unstorable.test(text) ? JSON.stringify(clean(value)) : text;
}

function clean(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), clean(inner)]));
}

/** The same for a text column. */
export function cleanText(text: string): string {
  return text.replaceAll("\u0000", "\uFFFD").toWellFormed();
}
