import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ConductPorts } from "./work.ts";

/**
 * Removes what runs of former starts left on this machine's disk: workspaces with their sandboxes, and quarantines. A
 * run that goes on makes its own anew, and one that was stopped or went to another machine while this one was down has
 * nobody else to clean up after it (security.md T21, I7). Only before any work is taken on, and only by the one process
 * that works in this data directory.
 *
 * @returns how many workspaces there were
 */
export async function clearMachine({
  git,
  runner,
  workspaces,
}: Pick<ConductPorts, "git" | "runner" | "workspaces">): Promise<number> {
  await git.clearLeft();
  const left = await readdir(workspaces).catch(() => []);
  for (const name of left) await runner.cleanUp(join(workspaces, name));
  return left.length;
}
