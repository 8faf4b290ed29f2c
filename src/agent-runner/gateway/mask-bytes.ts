const mark = Buffer.from("[redacted]");
/** A shorter key may be an ordinary word (local servers take any), and the agent's own code would suffer. */
const shortest = 16;

export interface ByteMask {
  readonly push: (chunk: Buffer) => Buffer;
  readonly end: () => Buffer;
}

/** A secret as it is, and as JSON may write it inside a string. */
export function jsonForms(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [...new Set([secret, escaped, escaped.replaceAll("/", "\\/")])];
}

/**
 * Replaces a secret in a stream, as it is and as JSON writes it. Holds nothing back but a piece at the end of a chunk
 * that may be the beginning of the secret, so that what is streamed is not delayed.
 */
export function maskBytes(secret: string | undefined): ByteMask {
  const needles = secret && secret.length >= shortest ? jsonForms(secret).map((form) => Buffer.from(form)) : [];
  let held = Buffer.alloc(0);
  return {
    push: (chunk) => {
      if (needles.length === 0) return chunk;
      let rest = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const out: Buffer[] = [];
      for (let hit = firstHit(rest, needles); hit; hit = firstHit(rest, needles)) {
        out.push(rest.subarray(0, hit.at), mark);
        rest = rest.subarray(hit.at + hit.length);
      }
      const keep = Math.max(...needles.map((needle) => beginningAtEnd(rest, needle)));
      held = Buffer.from(rest.subarray(rest.length - keep));
      const whole = rest.subarray(0, rest.length - keep);
      return out.length === 0 ? whole : Buffer.concat([...out, whole]);
    },
    end: () => {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}

function firstHit(bytes: Buffer, needles: readonly Buffer[]) {
  let first: { readonly at: number; readonly length: number } | undefined;
  for (const needle of needles) {
    const at = bytes.indexOf(needle);
    if (at !== -1 && (!first || at < first.at)) first = { at, length: needle.length };
  }
  return first;
}

/** The length of the longest end of `bytes` with which the needle begins. */
function beginningAtEnd(bytes: Buffer, needle: Buffer): number {
  for (let length = Math.min(bytes.length, needle.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(needle.subarray(0, length))) return length;
  }
  return 0;
}
