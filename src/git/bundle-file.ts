import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** A bundle taken apart: what it needs, what it brings, and the pack with the objects. */
export interface Bundle {
  readonly prerequisites: readonly string[];
  readonly refs: readonly { readonly sha: string; readonly name: string }[];
  readonly pack: Buffer;
}

/**
 * Reads a file that something hostile may have made. It is opened once, never through a link, never blocking (a FIFO
 * would), and only an ordinary file is read, so that swapping it between check and use gains nothing.
 * @returns the bytes, or undefined when it is no ordinary file or above `maxBytes`
 */
export async function readHandedOverFile(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (!file) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile() || facts.size > maxBytes) return undefined;
    const bytes = Buffer.alloc(facts.size);
    const { bytesRead } = await file.read(bytes, 0, facts.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Takes a version 2 bundle apart without git: `git bundle unbundle` checks no objects, and version 3 can ask for
 * partial clones.
 * @returns undefined when it is no such bundle
 */
export function parseBundle(bytes: Buffer): Bundle | undefined {
  const end = bytes.indexOf("\n\n");
  if (end < 0) return undefined;
  const [signature, ...lines] = bytes.subarray(0, end).toString("latin1").split("\n");
  const pack = bytes.subarray(end + 2);
  if (signature !== "# v2 git bundle" || pack.subarray(0, 4).toString("latin1") !== "PACK") return undefined;
  const prerequisites: string[] = [];
  const refs: { sha: string; name: string }[] = [];
  for (const line of lines) {
    const [, minus, sha, name] = /^(-?)([0-9a-f]{40}) ?(.*)$/.exec(line) ?? [];
    if (sha === undefined || name === undefined) return undefined;
    if (minus) prerequisites.push(sha);
    else refs.push({ sha, name });
  }
  return { prerequisites, refs, pack };
}

/** The number of objects a pack says it has; git holds it to that. */
export function objectsInPack(pack: Buffer): number {
  return pack.length < 12 ? 0 : pack.readUInt32BE(8);
}
