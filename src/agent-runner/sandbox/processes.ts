import { readdir, readFile, readlink } from "node:fs/promises";

/** One line of the process table. Times are clock ticks since boot or of use. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly state: string;
  readonly cpuTicks: number;
  readonly startTick: number;
}

/** The whole process table. A process that ends meanwhile is left out. */
export async function readProcesses(): Promise<readonly ProcessEntry[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(names.map((name) => readEntry(name)));
  return entries.filter((entry) => entry !== undefined);
}

/** The process `root` and everything below it. Inside a pid namespace nothing can leave that tree. */
export function treeBelow(processes: readonly ProcessEntry[], root: number): readonly ProcessEntry[] {
  const children = Map.groupBy(processes, (entry) => entry.parent);
  const tree = processes.filter((entry) => entry.pid === root);
  for (let next = 0; next < tree.length; next++) tree.push(...(children.get(tree[next]?.pid ?? -1) ?? []));
  return tree;
}

/** A zombie is dead: it only waits to be counted. */
export function isAlive(entry: ProcessEntry): boolean {
  return entry.state !== "Z" && entry.state !== "X";
}

/** Which of these pid namespaces (`pid:[4026531836]`) still has a living process. */
export async function livingNamespaces(wanted: ReadonlySet<string>): Promise<readonly string[]> {
  const living = new Set<string>();
  for (const entry of (await readProcesses()).filter(isAlive)) {
    const name = await readlink(`/proc/${entry.pid}/ns/pid`).catch(() => "");
    if (wanted.has(name)) living.add(name);
  }
  return [...living];
}

/** Living processes with this path in their arguments. */
export async function processesNaming(path: string): Promise<readonly number[]> {
  const naming: number[] = [];
  for (const { pid } of (await readProcesses()).filter(isAlive)) {
    const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (pid !== process.pid && words.includes(path)) naming.push(pid);
  }
  return naming;
}

/** Living processes of a user. */
export async function processesOf(uid: number): Promise<readonly number[]> {
  const owned: number[] = [];
  for (const entry of (await readProcesses()).filter(isAlive)) {
    if ((await statusField(entry.pid, "Uid"))?.split(/\s+/)[0] === String(uid)) owned.push(entry.pid);
  }
  return owned;
}

/** One field of `/proc/<pid>/status`, or of its memory map summary. */
export async function statusField(pid: number, field: string, file = "status"): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(text)?.[1];
}

async function readEntry(name: string): Promise<ProcessEntry | undefined> {
  const text = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
  // The program's name stands in parentheses and may hold anything, parentheses and spaces included.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 20) return undefined;
  const number = (index: number) => Number(fields[index]);
  return {
    pid: Number(name),
    state: fields[0] ?? "",
    parent: number(1),
    group: number(2),
    cpuTicks: number(11) + number(12) + number(13) + number(14),
    startTick: number(19),
  };
}
