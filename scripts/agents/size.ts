import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Megabytes of the files below a directory. Files that come and go meanwhile are left out. */
export async function megabytesIn(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return Math.round(bytes / 1_048_576);
}
