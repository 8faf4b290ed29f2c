import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { socketName } from "./embedded-files.ts";

/** What a running server writes into its directory. */
export interface ServerFile {
  readonly pid: number;
  readonly socket: string;
  /** False while it starts, recovers or shuts down. */
  readonly ready: boolean;
}

/** Reads `postmaster.pid`; undefined when there is none, or it is just being written. */
export async function readServerFile(cluster: string): Promise<ServerFile | undefined> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const [pid, , , , socketDir, , , status] = text.split("\n");
  if (!pid || !socketDir || !status) return undefined;
  return { pid: Number(pid), socket: join(socketDir, socketName), ready: status.trim() === "ready" };
}

/** Whether the process still does anything; one that ended and only waits to be collected does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return !/\) [ZX] /.test(stat);
}

/** Whether the process works in this directory, as a server does; numbers are used again, so a number alone proves nothing. */
export async function runsIn(pid: number, directory: string): Promise<boolean> {
  return (await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) === directory;
}
