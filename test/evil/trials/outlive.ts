import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { carelessly } from "../plain-git.ts";
import { marked } from "../processes.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { withYard } from "../yard.ts";

const daemons: readonly Vector[] = [
  after("daemon-in-a-session-of-its-own", "`sleep infinity` in a session of its own"),
  after("daemon-that-is-deaf", "a process that ignores every signal it can"),
  after("daemon-without-parents", "a process whose parents are gone"),
  after("daemon-by-another-name", "a process that looks like one of the kernel's"),
  after("daemon-that-works", "a process that keeps a core busy"),
  after("daemon-without-environment", "a process without a trace in its environment"),
  after("daemon-in-a-namespace", "a process in namespaces of its own"),
];
const left: readonly Vector[] = [
  after("shared-memory-left-behind", "System V memory that stays when its maker is gone"),
  after("files-in-memory-left-behind", "files in the memory of the host"),
  after("files-left-behind", "files in the host's temporary directory"),
];
const late = after(
  "change-after-the-end",
  "a change that is made when the agent has ended, while the work is taken out",
);
const stopped = {
  ...daemons[0],
  name: "daemon-after-a-stop",
  threat: "T21",
  what: "a process that lives on when a person stops the run",
};

/** Sizes nobody else asks for, by which the segment is found. */
const segmentSize: Readonly<Record<Driver, number>> = { none: 1_234_944, srt: 1_239_040 };

/** What is there after the end: nothing may be (T21, I7). */
export const outliveTrial: Trial = {
  name: "outliving the run",
  vectors: [...daemons, stopped, ...left, late],
  async play(driver: Driver): Promise<Findings> {
    const parts = await Promise.all([atItsEnd(driver), atAStop(driver), whileTakenOut(driver)]);
    return Object.assign({}, ...parts);
  },
};

/** The agent ends as if all were well. */
function atItsEnd(driver: Driver): Promise<Findings> {
  return withYard(driver, async (yard) => {
    const inMemory = `/dev/shm/${yard.mark}-left`;
    const onDisk = `/tmp/${yard.mark}-left`;
    yard.afterwards(() => {
      for (const path of [inMemory, onDisk]) rmSync(path, { force: true });
    });
    const all = [...daemons, ...left];
    const ran = await yard.run({
      attempts: all.map(({ name }) => name),
      targets: { size: segmentSize[driver] },
    });
    const segments = takeSegments(segmentSize[driver]);
    const seen: Record<string, Finding> = {
      "shared-memory-left-behind": finding(segments > 0, `${segments} segments are left`),
      "files-in-memory-left-behind": finding(existsSync(inMemory), "looked for the file"),
      "files-left-behind": finding(existsSync(onDisk), "looked for the file"),
    };
    for (const { name } of daemons) seen[name] = isLiving(`${yard.mark}-${name}`);
    return Object.fromEntries(
      all.map(({ name }): [string, Finding] => {
        const found = seen[name];
        return [name, ran.tried(name) && found ? found : { kind: "untried", how: JSON.stringify(ran.outcome) }];
      }),
    );
  });
}

function atAStop(driver: Driver): Promise<Findings> {
  return withYard(driver, async (yard) => {
    const stop = new AbortController();
    const attempts = ["daemon-in-a-session-of-its-own", "daemon-that-is-deaf", "wait-for-ever"];
    const onLine = (line: string) => void (line === "TRIED wait-for-ever" && stop.abort());
    const ran = await yard.run({ attempts, signal: stop.signal, onLine });
    const name = stopped.name;
    if (!stop.signal.aborted) return { [name]: { kind: "untried", how: JSON.stringify(ran.outcome) } };
    return { [name]: isLiving(`${yard.mark}-daemon-`) };
  });
}

function whileTakenOut(driver: Driver): Promise<Findings> {
  return withYard(driver, async (yard) => {
    const ran = await yard.run({ attempts: [late.name] });
    if (!ran.tried(late.name)) return { [late.name]: { kind: "untried", how: JSON.stringify(ran.outcome) } };
    // It changes the tree half a second after its end, when the app looks at what it has taken out.
    const there = (await carelessly(yard.repo, "sleep 1; ls")).stdout.includes("late.txt");
    return { [late.name]: finding(there, `${ran.outcome.kind}; looked for the late file in the clone`) };
  });
}

function isLiving(word: string): Finding {
  const living = marked(word);
  return finding(living.length > 0, living[0] ? `lives: ${living[0].words.slice(0, 100)}` : "nothing lives");
}

/** Removes the segments of this trial. @returns how many there were */
function takeSegments(size: number): number {
  const lines = execFileSync("ipcs", ["-m"]).toString().split("\n");
  const ours = lines.map((line) => line.split(/\s+/)).filter((words) => words[4] === String(size));
  for (const [, id] of ours) execFileSync("ipcrm", ["-m", id ?? ""]);
  return ours.length;
}

function after(name: string, what: string): Vector {
  return { name, threat: "T21", what };
}
