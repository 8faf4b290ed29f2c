import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { carelessly } from "../plain-git.ts";
import { marked, statusOf } from "../processes.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { plentyOfProcesses, type Ran, smallLimits, withYard, type Yard } from "../yard.ts";

interface Greedy extends Vector {
  /** How long it keeps what it took, in milliseconds: longer than a limit may take to bite. */
  readonly holdMs: number;
  readonly takes: number;
  readonly worked: (seen: Seen) => boolean | Promise<boolean>;
  /** Without walls only root's processes are not counted. */
  readonly needsRoot?: true;
}

interface Seen {
  readonly yard: Yard;
  readonly ran: Ran;
  /** Most living processes of the agent, and most memory of one of them, that were seen for two looks in a row. */
  readonly peak: { readonly sleepers: number; readonly megabytes: number };
}

/** Room for what the limits leave to the sandbox itself: 16 processes, 256 MB. */
const beyond = { processes: smallLimits.pids * 2, megabytes: smallLimits.memoryMb + 256 + 64 };

const vectors: readonly Greedy[] = [
  {
    ...greedy("too-many-processes", `${beyond.processes} processes where ${smallLimits.pids} are allowed`),
    takes: 150,
    holdMs: 4000,
    needsRoot: true,
    worked: ({ peak }) => peak.sleepers >= beyond.processes,
  },
  {
    ...greedy("too-much-memory", `${beyond.megabytes} MB of memory where ${smallLimits.memoryMb} are allowed`),
    takes: beyond.megabytes,
    holdMs: 5000,
    worked: ({ peak }) => peak.megabytes >= beyond.megabytes,
  },
  {
    ...greedy("too-much-memory-in-files", "the same as files in memory"),
    takes: beyond.megabytes,
    holdMs: 5000,
    worked: ({ ran }) => ran.output.includes("HELD too-much-memory-in-files"),
  },
  {
    ...greedy("too-much-disk", `three times its ${smallLimits.diskMb} MB of disk, for longer than ten seconds`),
    takes: smallLimits.diskMb * 3,
    holdMs: 11_000,
    worked: ({ ran }) => ran.output.includes("HELD too-much-disk"),
  },
  {
    ...greedy("too-much-output", "a host that keeps 72 MB of output"),
    takes: 72,
    holdMs: 0,
    carelessHost: "the output, collected as it comes",
    worked: async ({ yard, ran }) =>
      yard.driver === "none" ? collectedCarelessly(yard) : ran.output.length > 8_000_000,
  },
];

/** More than its share: the limit must bite within ten seconds (T22). */
export const limitsTrial: Trial = {
  name: "limits",
  vectors,
  async play(driver: Driver): Promise<Findings> {
    const entries = await Promise.all(
      vectors.map(async (vector) => [vector.name, await tryOne(driver, vector)] as const),
    );
    return Object.fromEntries(entries);
  },
};

function tryOne(driver: Driver, vector: Greedy): Promise<Finding> {
  if (vector.needsRoot && process.getuid?.() !== 0)
    return Promise.resolve({ kind: "not_here", how: "an ordinary user's processes are counted without walls, too" });
  return withYard(driver, async (yard) => {
    yard.afterwards(() => rmSync(`/dev/shm/${yard.mark}`, { recursive: true, force: true }));
    const ended = new AbortController();
    const watching = watchPeak(yard, ended.signal);
    const lines: string[] = [];
    const ran = await yard.run({
      attempts: [vector.name],
      targets: targetsOf(yard, vector),
      change: {
        box: { driver, limits: { ...smallLimits, ...(driver === "none" ? { pids: plentyOfProcesses } : {}) } },
      },
      onLine: (line) => void lines.push(line.slice(0, 200)),
    });
    ended.abort();
    const peak = await watching;
    if (!lines.includes(`TRIED ${vector.name}`)) return { kind: "untried", how: JSON.stringify(ran.outcome) };
    const how = `${JSON.stringify(ran.outcome).slice(0, 200)} after ${ran.seconds.toFixed(1)} s; at most ${peak.sleepers} processes, ${peak.megabytes} MB in one`;
    return finding(await vector.worked({ yard, ran, peak }), how);
  });
}

function targetsOf(yard: Yard, { takes, holdMs }: Greedy) {
  // In the sandbox that would be a place in memory.
  const outside = yard.driver === "none" ? { outside: join(yard.dir, "outside") } : {};
  return { processes: takes, megabytes: takes, holdMs, ...outside };
}

/** What is taken only for a moment does not count: the smaller of two looks does. */
async function watchPeak(yard: Yard, signal: AbortSignal): Promise<Seen["peak"]> {
  let peak = { sleepers: 0, megabytes: 0 };
  let last = peak;
  while (!signal.aborted) {
    const seen = marked(yard.mark);
    const memory = seen.map(({ pid }) => Number.parseInt(statusOf(pid, "VmRSS") || "0", 10) / 1024);
    const now = {
      sleepers: seen.filter(({ words }) => words.startsWith("sleep ")).length,
      megabytes: Math.round(Math.max(0, ...memory)),
    };
    peak = {
      sleepers: Math.max(peak.sleepers, Math.min(now.sleepers, last.sleepers)),
      megabytes: Math.max(peak.megabytes, Math.min(now.megabytes, last.megabytes)),
    };
    last = now;
    await pause(1000, undefined, { signal }).catch(() => {});
  }
  return peak;
}

async function collectedCarelessly(yard: Yard): Promise<boolean> {
  const order = JSON.stringify({ attempts: ["too-much-output"], mark: yard.mark, targets: { megabytes: 72 } });
  const program = join(yard.dir, "programs/evil/agent.mjs");
  const { stdout } = await carelessly(yard.dir, `echo '${order}' | "${process.execPath}" ${program} | wc -c`);
  return Number(stdout) > 72_000_000;
}

function greedy(name: string, what: string) {
  return { name, threat: "T22", what };
}
