import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { kill, statusOf } from "../processes.ts";
import { groundHere } from "../stage.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { withYard, type Yard } from "../yard.ts";

const files: Readonly<Record<string, readonly [path: string, threat: string, what: string]>> = {
  "write-data-directory": ["data/planted", "T16", "a file in the data directory"],
  "write-other-workspace": ["data/workspaces/501-2/repo/planted.txt", "T16", "a file in another run's clone"],
  "write-mirror-hook": [
    "data/git/mirrors/500.git/hooks/reference-transaction",
    "T23",
    "a hook in the app's own mirror",
  ],
  "write-mirror-alternates": [
    "data/git/mirrors/500.git/objects/info/alternates",
    "T25",
    "where the app's mirror finds objects",
  ],
  "write-own-program": ["programs/evil/agent.mjs", "T21", "its own program, which the next run starts"],
  "write-context": ["data/workspaces/500-1/context/told.md", "T21", "the context files it was given"],
  "write-settings": ["baton.yml", "T39", "the operator's settings"],
};

const others: readonly Vector[] = [
  { name: "kill-a-process", threat: "T16", what: "the end of another process" },
  { name: "stop-a-process", threat: "T16", what: "another process frozen" },
  { name: "trace-a-process", threat: "T16", what: "another process under its control" },
  {
    name: "choose-who-dies-for-memory",
    threat: "T22",
    what: "another process as the first to die when memory is short",
  },
  { name: "slow-a-process-down", threat: "T22", what: "another process at the end of every queue" },
];
/** These change the machine: only where the machine is one of our own. */
const machine: readonly Vector[] = [
  { name: "mount-over-a-directory", threat: "T16", what: "a directory of the host covered with another" },
  { name: "rename-the-machine", threat: "T16", what: "another name for the machine" },
];
const vectors = [
  ...Object.entries(files).map(([name, [, threat, what]]) => ({ name, threat, what })),
  ...others,
  ...machine,
];

/** What the agent must not change. */
export const tamperTrial: Trial = {
  name: "tampering",
  vectors,
  play: (driver: Driver): Promise<Findings> =>
    withYard(driver, async (yard) => {
      const mayChangeMachine = groundHere() === "stage";
      const write = Object.fromEntries(Object.entries(files).map(([name, [path]]) => [name, join(yard.dir, path)]));
      yard.write("baton.yml", "profiles: {}\n");
      mkdirSync(join(yard.dir, "mounted"));
      const [victims, traced] = [startVictims(yard), join(yard.dir, "traced")];
      const pids = Object.fromEntries(Object.entries(victims).map(([name, { pid }]) => [name, pid ?? 0]));
      const before = contentsOf(write);
      const attempts = vectors.filter((one) => mayChangeMachine || !machine.includes(one)).map(({ name }) => name);
      const targets = { write, victims: pids, traced, mountPoint: join(yard.dir, "mounted") };
      const context = [{ name: "told.md", content: "told\n" }];
      before["write-context"] = "told\n";
      let tracer = "";
      const watching = new AbortController();
      const watched = untilTraced(pids.trace ?? 0, watching.signal).then((by) => {
        tracer = by;
      });
      const ran = await yard.run({ attempts, targets, change: { context } });
      watching.abort();
      await watched;
      const after = contentsOf(write);
      const seen: Record<string, Finding> = {
        "kill-a-process": finding(victims.SIGKILL?.signalCode === "SIGKILL", "looked whether it lives"),
        "stop-a-process": finding(
          statusOf(pids.SIGSTOP ?? 0, "State").startsWith("T"),
          statusOf(pids.SIGSTOP ?? 0, "State"),
        ),
        "trace-a-process": finding(tracer !== "", `traced by ${tracer || "nobody"}`),
        "choose-who-dies-for-memory": finding(
          oomScoreOf(pids.memory ?? 0) === 1000,
          `score ${oomScoreOf(pids.memory ?? 0)}`,
        ),
        "slow-a-process-down": finding(niceOf(pids.nice ?? 0) === "19", `niceness ${niceOf(pids.nice ?? 0)}`),
        "mount-over-a-directory": finding(
          readFileSync("/proc/self/mounts", "utf8").includes("evil /tmp/evil-yard"),
          "read the list of mounts",
        ),
        "rename-the-machine": finding(
          execFileSync("hostname").toString().startsWith("evil-was-here"),
          "asked for the name",
        ),
      };
      undoMachine(targets.mountPoint, mayChangeMachine);
      for (const name of Object.keys(files))
        seen[name] = finding(after[name] !== before[name], "compared the file with what it was");
      return Object.fromEntries(
        vectors.map((one): [string, Finding] => {
          if (machine.includes(one) && !mayChangeMachine)
            return [one.name, { kind: "not_here", how: "needs namespaces" }];
          const found = seen[one.name];
          return [
            one.name,
            ran.tried(one.name) && found ? found : { kind: "untried", how: JSON.stringify(ran.outcome) },
          ];
        }),
      );
    }),
};

function startVictims(yard: Yard): Readonly<Record<string, ChildProcess>> {
  const names = ["SIGKILL", "SIGSTOP", "trace", "memory", "nice"];
  return Object.fromEntries(
    names.map((name) => {
      const victim = spawn("sleep", ["1000"], { env: { VICTIM: yard.mark }, stdio: "ignore" });
      yard.afterwards(() => kill(victim.pid ?? 0));
      return [name, victim];
    }),
  );
}

/** @returns the process id of the tracer, or nothing when `signal` came first */
async function untilTraced(pid: number, signal: AbortSignal): Promise<string> {
  for (;;) {
    const tracer = statusOf(pid, "TracerPid");
    if (tracer !== "0" && tracer !== "") return tracer;
    if (signal.aborted) return "";
    await pause(20);
  }
}

function contentsOf(paths: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [name, existsSync(path) ? readFileSync(path, "utf8") : ""]),
  );
}

function oomScoreOf(pid: number): number {
  return existsSync(`/proc/${pid}`) ? Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8")) : 0;
}

function niceOf(pid: number): string {
  const stat = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16] ?? "";
}

function undoMachine(mountPoint: string, mayChangeMachine: boolean): void {
  if (!mayChangeMachine) return;
  execFileSync("hostname", ["evil-stage"]);
  if (readFileSync("/proc/self/mounts", "utf8").includes(mountPoint)) execFileSync("umount", [mountPoint]);
}
