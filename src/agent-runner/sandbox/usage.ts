import { lstat, opendir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessEntry, statusField } from "./processes.ts";

/**
 * Megabytes of memory a tree of processes holds, plus what it wrote to in-memory file systems. Resident sizes count a
 * shared page once per process, so the exact and slower proportional size is only asked for when they exceed `limitMb`.
 */
export async function memoryMbOf(tree: readonly ProcessEntry[], limitMb: number): Promise<number> {
  const scratch = await inMemoryFilesMb(tree);
  const resident = await sumKb(tree, residentKb);
  if (resident / 1024 + scratch <= limitMb) return resident / 1024 + scratch;
  return (await sumKb(tree, proportionalKb)) / 1024 + scratch;
}

/**
 * Megabytes allocated below these directories. Links are not followed. A directory that cannot be read is reported,
 * because a program may hide files from us (we have its user id, not root's) by taking its own permissions away.
 */
export async function diskMbOf(dirs: readonly string[]): Promise<{ readonly mb: number; readonly hidden: boolean }> {
  let blocks = 0;
  let hidden = false;
  const pending = [...dirs];
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    const found = await sizeOfDirectory(dir);
    blocks += found.blocks;
    hidden ||= found.hidden;
    pending.push(...found.below);
  }
  return { mb: (blocks * 512) / 1_048_576, hidden };
}

/** Free megabytes of the file system a directory is on. */
export async function freeMbOf(dir: string): Promise<number> {
  const stats = await statfs(dir);
  return (stats.bavail * stats.bsize) / 1_048_576;
}

async function sizeOfDirectory(dir: string) {
  const below: string[] = [];
  let blocks = 0;
  try {
    for await (const entry of await opendir(dir)) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) below.push(path);
      blocks += (await lstat(path).catch(() => undefined))?.blocks ?? 0;
    }
    return { blocks, below, hidden: false };
  } catch (error) {
    // Gone meanwhile is normal; a refusal is not.
    const gone = ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
    return { blocks, below, hidden: !gone };
  }
}

async function sumKb(tree: readonly ProcessEntry[], kbOf: (pid: number) => Promise<number>): Promise<number> {
  const sizes = await Promise.all(tree.map((entry) => kbOf(entry.pid)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function residentKb(pid: number): Promise<number> {
  return Number.parseInt((await statusField(pid, "VmRSS")) ?? "0", 10);
}

async function proportionalKb(pid: number): Promise<number> {
  const exact = Number.parseInt((await statusField(pid, "Pss", "smaps_rollup")) ?? "", 10);
  return Number.isNaN(exact) ? residentKb(pid) : exact;
}

/** `statfs`'s name for a file system in memory. */
const tmpfsType = 0x01021994;

/** Scratch directories of the sandbox (its own `/tmp`, `/dev/shm`, hidden directories) live in memory. */
async function inMemoryFilesMb(tree: readonly ProcessEntry[]): Promise<number> {
  const inside = tree.at(-1);
  if (inside === undefined || tree.length < 2) return 0;
  const mounts = await readFile(`/proc/${inside.pid}/mountinfo`, "utf8").catch(() => "");
  let mb = 0;
  for (const line of mounts.split("\n")) {
    // Only the sandbox's own: mounted whole, and made by our user. The host's are neither.
    const [, , , root, mountPoint] = line.split(" ");
    if (root !== "/" || !/ - tmpfs tmpfs \S*\buid=/.test(line)) continue;
    const stats = await statfs(`/proc/${inside.pid}/root${mountPoint}`).catch(() => undefined);
    if (stats?.type === tmpfsType) mb += ((stats.blocks - stats.bfree) * stats.bsize) / 1_048_576;
  }
  return mb;
}
