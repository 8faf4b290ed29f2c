import { setTimeout as delay } from "node:timers/promises";
import type { Identity } from "./identity.ts";
import { isAlive, livingNamespaces, processesOf, readProcesses } from "./processes.ts";

export interface Traces {
  /** Process group of the supervisor. */
  readonly group: number;
  /** Pid namespaces its commands lived in. */
  readonly namespaces: ReadonlySet<string>;
  readonly identity: Identity;
}

const patienceMs = 5000;

/**
 * Kills a run's process group and waits until nothing of the run is alive: no member of the group, nothing in its pid
 * namespaces, nothing under its user id. True when that is proved.
 */
export async function killEverything(traces: Traces): Promise<boolean> {
  const end = performance.now() + patienceMs;
  for (;;) {
    killByForce(-traces.group);
    if ((await remaining(traces)) === 0) return true;
    if (performance.now() > end) return false;
    await delay(10);
  }
}

async function remaining({ group, namespaces, identity }: Traces): Promise<number> {
  const members = (await readProcesses()).filter((entry) => entry.group === group && isAlive(entry)).length;
  const inside = namespaces.size === 0 ? 0 : (await livingNamespaces(namespaces)).length;
  const owned = identity.dropped ? await processesOf(identity.uid) : [];
  for (const pid of owned) killByForce(pid);
  return members + inside + owned.length;
}

/** SIGKILL to a process, or with a negative id to a group; one that is gone already is fine. */
export function killByForce(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Nobody there any more: that is what we want.
  }
}
