import { randomInt } from "node:crypto";
import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Box } from "../types.ts";
import { processesOf } from "./processes.ts";

/** Who a run is on the host. `dropped`: we are root, the run is a user of its own. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly dropped: boolean;
}

/** User ids that neither distributions nor systemd hand out (60706–61183 of systemd's table). */
const firstUid = 60_706;
const lastUid = 61_183;
const taken = new Set<number>();

/**
 * A user for one run. Root's limits on processes do not bind root, and root's files would be the run's own, so a run
 * started by root gets a user id nobody else has; an ordinary user stays who they are.
 */
export async function claimIdentity(driver: Box["driver"]): Promise<Identity> {
  const uid = process.getuid?.() ?? 0;
  // Driver `none` isolates nothing, this included.
  if (uid !== 0 || driver === "none") return { uid, gid: process.getgid?.() ?? uid, dropped: false };
  for (;;) {
    const candidate = randomInt(firstUid, lastUid + 1);
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    // Another app on this host, or a leftover of one that crashed, may live under it.
    if ((await processesOf(candidate)).length === 0) return { uid: candidate, gid: candidate, dropped: true };
  }
}

/** Gives the user id back. Only after the last process of the run is gone. */
export function releaseIdentity(identity: Identity): void {
  taken.delete(identity.uid);
}

/** The directories on the way to these paths that other users may not traverse. */
export async function blockedDirectories(paths: readonly string[]): Promise<readonly string[]> {
  const blocked = new Set<string>();
  for (const path of paths) {
    for (const directory of ancestorsOf(path)) {
      if (((await lstat(directory)).mode & 0o001) === 0) blocked.add(directory);
    }
  }
  return [...blocked];
}

/** From the root downwards, the path itself left out. */
function ancestorsOf(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [...ancestorsOf(above), above];
}
