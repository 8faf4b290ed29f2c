import { createHash } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Where a Baton may leave something behind. */
export interface Places {
  /** Everything of this world is below it: what names it belongs to it. */
  readonly directory: string;
  readonly dataDirs: readonly string[];
  /** Processes that may live: Batons that run, the database. */
  readonly alive: readonly number[];
}

/** How long the last child of a run may take to be gone, in milliseconds. */
const patienceMs = 10_000;

/** Processes, workspaces, quarantines, sandbox directories and control groups that nobody needs any more (I7). */
export async function leftovers(places: Places, tasks: readonly string[]): Promise<readonly string[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = [...processesOf(places), ...places.dataDirs.flatMap((dataDir) => directoriesOf(dataDir, tasks))];
    if (found.length === 0 || Date.now() > deadline) return found;
    await pause(100);
  }
}

/** A process belongs to this world when its directory, its arguments or its environment name it. */
function processesOf({ directory, alive }: Places): readonly string[] {
  const spared = new Set([process.pid, ...alive]);
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && !spared.has(Number(entry)))
    .flatMap((pid) => {
      const words = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      // The database is a child of whoever started it first and outlives them all.
      if (words === "" || /^\S*postgres\b/.test(words)) return [];
      const traces = [words, link(`/proc/${pid}/cwd`), read(`/proc/${pid}/environ`)];
      return traces.some((trace) => trace.includes(directory)) ? [`process ${pid}: ${words.slice(0, 200)}`] : [];
    });
}

function directoriesOf(dataDir: string, tasks: readonly string[]): readonly string[] {
  const below = (path: string) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []);
  const boxes = tasks.map((task) => boxOf(join(dataDir, "workspaces", task)));
  return [
    ...below(join(dataDir, "workspaces")),
    ...below(join(dataDir, "git", "quarantine")),
    ...below(join(dataDir, "git", "mirrors")).filter((path) => !path.endsWith(".git")),
    ...globSync(join(dataDir, "git", "mirrors", "*.git", "**", "*.lock")),
    ...boxes.map((name) => `/tmp/${name}`).filter((path) => existsSync(path)),
    ...globSync("/sys/fs/cgroup/**/baton-*").filter((path) => boxes.includes(basename(path)) && isInhabited(path)),
  ];
}

/** An empty control group is the kernel's own affair: it stays for as long as init has not collected its dead. */
function isInhabited(group: string): boolean {
  return read(join(group, "cgroup.procs")) !== "";
}

/** The name that a sandbox gives its own directory and control group, made from the workspace's path. */
function boxOf(root: string): string {
  return `baton-${createHash("sha256").update(root).digest("hex").slice(0, 12)}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // gone in between
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
