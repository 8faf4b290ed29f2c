import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** A living process as `/proc` tells about it. */
export interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly words: string;
  readonly environment: string;
}

/** Every living process but ourselves. Environments of processes that are not ours to read are empty. */
export function livingProcesses(): readonly Seen[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`);
      const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "" || "ZX".includes(state)) return [];
      const [words, environment] = [read(`/proc/${name}/cmdline`), read(`/proc/${name}/environ`)];
      return [{ pid: Number(name), parent: Number(parent), state, words: words.replaceAll("\0", " "), environment }];
    });
}

/** Living processes that carry a mark in their arguments or their environment. */
export function marked(mark: string): readonly Seen[] {
  return livingProcesses().filter(({ words, environment }) => words.includes(mark) || environment.includes(mark));
}

/** Ends everything that carries a mark, one by one, and waits until it is gone. @throws Error when something stays */
export async function endMarked(mark: string): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const left = marked(mark);
    if (left.length === 0) return;
    for (const { pid } of left) kill(pid);
    await pause(20);
  }
  throw new Error(`processes of the evil agent cannot be ended: ${marked(mark).map(({ pid }) => pid)}`);
}

/** SIGKILL; who is gone already is gone. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone.
  }
}

/** One line of `/proc/<pid>/status`; empty when the process is gone. */
export function statusOf(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(read(`/proc/${pid}/status`))?.[1] ?? "";
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
