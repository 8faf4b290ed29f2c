import type { IncomingMessage } from "node:http";

/** Bounds of what the ingress keeps in memory. */
export interface BodyLimits {
  /** Most bytes of one body; GitHub sends 25 MiB at most. */
  readonly maxBytes: number;
  /** A body up to this size is read at once; a larger one waits for one of the slots. */
  readonly freeBytes: number;
}

/** A few places for large bodies, so that many at once cannot fill the memory (security.md T04). */
export interface Slots {
  /** Resolves with the way to give the place back. Rejects when the signal aborts first. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(places: number): Slots {
  let free = places;
  const waiting = new Set<() => void>();
  const giveBack = () => {
    free += 1;
    const [next] = waiting;
    next?.();
  };
  return {
    take(signal) {
      return new Promise((resolve, reject) => {
        const enter = () => {
          waiting.delete(enter);
          free -= 1;
          resolve(giveBack);
        };
        signal.addEventListener("abort", () => {
          if (waiting.delete(enter)) reject(new Error("The sender left before there was room."));
        });
        if (signal.aborted) reject(new Error("The sender left."));
        else if (free > 0) enter();
        else waiting.add(enter);
      });
    },
  };
}

/** The whole body, or why it was not read to the end. */
export type BodyRead =
  | { readonly kind: "body"; readonly bytes: Buffer }
  | { readonly kind: "too_large" }
  | { readonly kind: "gone" };

/**
 * Reads a request's body without ever holding more than allowed. While a large one waits for a slot nothing is read,
 * so the sender waits too; the server's own timeout ends both.
 */
export async function readBody(
  request: IncomingMessage,
  { maxBytes, freeBytes, slots }: BodyLimits & { readonly slots: Slots },
): Promise<BodyRead> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return { kind: "too_large" };
  const left = new AbortController();
  request.once("close", () => left.abort());
  const chunks: Buffer[] = [];
  let size = 0;
  let giveBack: (() => void) | undefined;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += chunk.length;
      if (size > maxBytes) return { kind: "too_large" };
      if (size > freeBytes) giveBack ??= await slots.take(left.signal);
      chunks.push(chunk);
    }
    return request.complete ? { kind: "body", bytes: Buffer.concat(chunks, size) } : { kind: "gone" };
  } catch {
    // Only the connection can fail here; there is nobody left to answer.
    return { kind: "gone" };
  } finally {
    giveBack?.();
  }
}
