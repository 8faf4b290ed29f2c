import { readFile } from "node:fs/promises";
import { isSignOfLife, type Sign } from "../liveness.ts";
import type { Limit } from "../types.ts";
import { type ProcessEntry, readProcesses, treeBelow } from "./processes.ts";
import type { CommandLimits } from "./protocol.ts";
import { diskMbOf, freeMbOf, memoryMbOf } from "./usage.ts";

export interface Watched {
  readonly pid: number;
  readonly limits: CommandLimits;
  /** Directories whose size counts against the disk limit. */
  readonly dirs: readonly string[];
  readonly outputBytes: () => number;
  readonly outputCap: number;
  /** Grows with every sign of life that was seen elsewhere. */
  readonly signs: () => number;
  /** Whether the sandbox stands: while it is built, its processes see a mixture of its files and the host's. */
  readonly isInside: () => boolean;
  readonly oomCounter: string | undefined;
  readonly oomKillsBefore: number;
}

const lookEveryMs = 500;
const ticksPerSecond = 100;

/**
 * Watches a command until `signal` says that it ended. Resolves with the first limit it runs into, or undefined. The
 * kernel's own caps (processes, file size, control group) hold anyway; this is what turns them into an end.
 */
export async function watchLimits(watched: Watched, signal: AbortSignal): Promise<Limit | undefined> {
  const rules = [
    wallRule(watched),
    outputRule(watched),
    memoryRule(watched),
    idleRule(watched),
    await diskRule(watched),
  ];
  const pause = Math.min(lookEveryMs, Math.max(20, watched.limits.wallMs / 4), Math.max(20, watched.limits.idleMs / 4));
  while (!signal.aborted) {
    const tree = treeBelow(await readProcesses(), watched.pid);
    for (const rule of rules) {
      const limit = await rule(tree);
      if (limit && !signal.aborted) return limit;
    }
    await waitFor(pause, signal);
  }
  return undefined;
}

type Rule = (tree: readonly ProcessEntry[]) => Promise<Limit | undefined>;

function wallRule({ limits }: Watched): Rule {
  const end = performance.now() + limits.wallMs;
  return async () => (performance.now() >= end ? "minutes" : undefined);
}

function outputRule({ outputBytes, outputCap }: Watched): Rule {
  return async () => (outputBytes() > outputCap ? "output" : undefined);
}

function memoryRule({ limits, oomCounter, oomKillsBefore, isInside }: Watched): Rule {
  return async (tree) => {
    if (oomCounter && (await oomKills(oomCounter)) > oomKillsBefore) return "memory";
    return isInside() && (await memoryMbOf(tree, limits.memoryMb)) > limits.memoryMb ? "memory" : undefined;
  };
}

function idleRule({ limits, outputBytes, signs }: Watched): Rule {
  let last: Sign | undefined;
  return async (tree) => {
    const now: Sign = {
      atMs: performance.now(),
      outputBytes: outputBytes(),
      signs: signs(),
      cpuSeconds: tree.reduce((sum, entry) => sum + entry.cpuTicks, 0) / ticksPerSecond,
      processes: tree.map((entry) => `${entry.pid}:${entry.startTick}`).join(),
    };
    if (last === undefined || isSignOfLife(last, now)) last = now;
    return now.atMs - last.atMs >= limits.idleMs ? "idle" : undefined;
  };
}

/** Measuring a tree costs time, so the next look comes the later the longer the last one took: at most 5 % of it all. */
async function diskRule({ limits, dirs }: Watched): Promise<Rule> {
  const freeAtStart = dirs[0] ? await freeMbOf(dirs[0]) : 0;
  let nextAt = 0;
  return async () => {
    if (dirs[0] === undefined || performance.now() < nextAt) return undefined;
    const before = performance.now();
    const used = await diskMbOf(dirs);
    nextAt = performance.now() + Math.min(8000, Math.max(1000, 20 * (performance.now() - before)));
    if (used.mb > limits.diskMb) return "disk";
    const vanished = freeAtStart - (await freeMbOf(dirs[0]));
    return used.hidden && vanished > limits.diskMb ? "disk" : undefined;
  };
}

/**
 * How often the kernel ended something for want of memory in a control group: `oom_kill <n>` stands in `memory.events`
 * (version 2) and in `memory.oom_control` (version 1) alike. 0 when the file cannot be read.
 */
export async function oomKills(counter: string): Promise<number> {
  const text = await readFile(counter, "utf8").catch(() => "");
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
