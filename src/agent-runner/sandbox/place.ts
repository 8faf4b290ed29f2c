import { createHash } from "node:crypto";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import type { Box } from "../types.ts";
import { type ControlGroup, makeControlGroup, removeControlGroup } from "./control-group.ts";
import type { Identity } from "./identity.ts";
import { killByForce } from "./leftovers.ts";
import { processesNaming } from "./processes.ts";
import { builderIn, relayIn } from "./protocol.ts";
import { oomKills } from "./watch.ts";

export interface PlaceOrder {
  readonly root: string;
  readonly box: Box;
  readonly identity: Identity;
}

export interface Place {
  readonly ownDir: string;
  readonly group: ControlGroup | undefined;
  /** A group taken over from a crashed run keeps its count. */
  readonly oomKillsBefore: number;
}

/**
 * The supervisor's own directory: short, because a socket's path may have 107 bytes, and the same for the same task, so
 * that one left by a crash is found again.
 */
export async function makePlace({ root, box, identity }: PlaceOrder): Promise<Place> {
  const { name, ownDir } = placeOf(root);
  await removeLeftBox(root);
  await mkdir(ownDir, { mode: 0o700 });
  const { uid, gid } = identity;
  await writeFile(
    `${ownDir}/passwd`,
    `root:x:0:0::/nonexistent:/bin/sh\nbaton:x:${uid}:${gid}::/nonexistent:/bin/sh\n`,
  );
  await writeFile(`${ownDir}/group`, `root:x:0:\nbaton:x:${gid}:\n`);
  // sandbox-runtime's relay on the host would outlive a supervisor that is killed.
  await writeFile(relayIn(ownDir), '#!/bin/sh\nexec setpriv --pdeathsig KILL -- socat "$@"\n', { mode: 0o755 });
  // sandbox-runtime leaves System V's shared memory and queues as they are on the host: one more namespace.
  await writeFile(builderIn(ownDir), '#!/bin/sh\nexec bwrap --unshare-ipc "$@"\n', { mode: 0o755 });
  await mkdir(`${ownDir}/empty`);
  if (identity.dropped) for (const path of [ownDir, `${ownDir}/empty`]) await chown(path, uid, gid);
  const group = box.driver === "none" ? undefined : await makeControlGroup(name, box.limits);
  return { ownDir, group, oomKillsBefore: group?.oomCounter ? await oomKills(group.oomCounter) : 0 };
}

function placeOf(root: string) {
  const name = `baton-${createHash("sha256").update(root).digest("hex").slice(0, 12)}`;
  return { name, ownDir: `/tmp/${name}` };
}

/**
 * Removes what a box at this root may have left if the app crashed, living processes first: a sandbox that was just
 * being built when its builder died had not yet asked the kernel to die with it. Not while a box is open.
 */
export async function removeLeftBox(root: string): Promise<void> {
  const { name, ownDir } = placeOf(root);
  for (const pid of await processesNaming(ownDir)) killByForce(pid);
  await rm(ownDir, { recursive: true, force: true });
  await removeControlGroup(name);
}
