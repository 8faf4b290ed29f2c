import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Box } from "../types.ts";
import { killByForce } from "./leftovers.ts";

/** The kernel's own caps on a run, where we may set them. */
export interface ControlGroup {
  /** Files a process writes its id to in order to join. */
  readonly joins: readonly string[];
  readonly oomCounter: string | undefined;
  readonly remove: () => Promise<void>;
}

const mountPoint = "/sys/fs/cgroup";
/** The supervisor's own memory and threads must not count against the agent. */
const supervisorMb = 256;
const supervisorTasks = 64;

/**
 * Makes a control group for memory, processes and processor share, below our own, in whichever version this host has.
 * Undefined where we may not: the watch, `prlimit` and niceness then hold alone.
 */
export async function makeControlGroup(name: string, limits: Box["limits"]): Promise<ControlGroup | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const own = await ownGroups();
  return existsSync(join(mountPoint, "cgroup.controllers")) ? version2(own, name, limits) : version1(own, name, limits);
}

/** Removes a group of this name that a crashed app left, with whatever still lives in it. */
export async function removeControlGroup(name: string): Promise<void> {
  const own = await ownGroups();
  const parents = [
    ...["memory", "pids", "cpu"].flatMap((controller) => parentsOf(own, controller)),
    ...parentsOf(own, ""),
  ];
  for (const group of new Set(parents.map((parent) => join(parent, name)))) {
    const members = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
    for (const pid of members.split("\n").filter(Boolean)) killByForce(Number(pid));
    await rmdir(group).catch(() => {});
  }
}

/** Where a group may be made: below our own, or at the top when ours is not to be seen from in here. */
function parentsOf(own: ReadonlyMap<string, string>, controller: string): readonly string[] {
  const top = join(mountPoint, controller);
  return [join(top, own.get(controller) ?? "/"), top].filter((path) => existsSync(path));
}

async function version1(own: ReadonlyMap<string, string>, name: string, limits: Box["limits"]) {
  const settings: Record<string, readonly (readonly [string, number])[]> = {
    memory: [["memory.limit_in_bytes", bytesOf(limits)]],
    pids: [["pids.max", limits.pids + supervisorTasks]],
    // The share of one ordinary process, however many there are inside.
    cpu: [["cpu.shares", 1024]],
  };
  const made: string[] = [];
  for (const [controller, files] of Object.entries(settings)) {
    const [parent] = parentsOf(own, controller);
    const group = parent && (await makeGroup(join(parent, name), files));
    if (group) made.push(group);
  }
  const memory = made.find((group) => group.startsWith(join(mountPoint, "memory")));
  return groupOf(made, memory && join(memory, "memory.oom_control"));
}

async function version2(own: ReadonlyMap<string, string>, name: string, limits: Box["limits"]) {
  for (const parent of parentsOf(own, "")) {
    await writeFile(join(parent, "cgroup.subtree_control"), "+memory +pids +cpu").catch(() => {});
    const group = await makeGroup(join(parent, name), [
      ["memory.max", bytesOf(limits)],
      ["memory.swap.max", 0],
      ["pids.max", limits.pids + supervisorTasks],
      ["cpu.weight", 100],
    ]);
    if (group) return groupOf([group], join(group, "memory.events"));
  }
  return undefined;
}

/** Undefined, and nothing left behind, when the group or one of its limits is refused. */
async function makeGroup(path: string, files: readonly (readonly [string, number])[]): Promise<string | undefined> {
  try {
    await mkdir(path, { recursive: true });
    for (const [file, value] of files) {
      // Swap accounting is optional in kernels.
      if (file === "memory.swap.max" && !existsSync(join(path, file))) continue;
      await writeFile(join(path, file), String(value));
    }
    return path;
  } catch {
    await rmdir(path).catch(() => {});
    return undefined;
  }
}

function groupOf(groups: readonly string[], oomCounter: string | undefined): ControlGroup | undefined {
  if (groups.length === 0) return undefined;
  return {
    joins: groups.map((group) => join(group, "cgroup.procs")),
    oomCounter,
    remove: async () => {
      // Busy for a moment after its last process: the next run of this task takes it over, so it is no loss.
      for (const group of groups) await rmdir(group).catch(() => {});
    },
  };
}

function bytesOf(limits: Box["limits"]): number {
  return (limits.memoryMb + supervisorMb) * 1_048_576;
}

/** `/proc/self/cgroup`: `<n>:<controllers>:<path>` per hierarchy, controllers empty for version 2. */
async function ownGroups(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
  const entries = text.split("\n").flatMap((line) => {
    const [, controllers, path] = line.split(":");
    return controllers === undefined || path === undefined
      ? []
      : controllers.split(",").map((name) => [name, path] as const);
  });
  return new Map(entries);
}
