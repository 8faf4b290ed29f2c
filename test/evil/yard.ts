import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import PQueue from "p-queue";
import { createRunner, type RunOutcome, type RunRequest } from "../../src/agent-runner/index.ts";
import { createGit, type Git } from "../../src/git/index.ts";
import { gitIn } from "./plain-git.ts";
import { endMarked } from "./processes.ts";
import type { Driver } from "./vector.ts";

/** What the evil agent is told to do, as JSON on its standard input. */
export interface EvilOrder {
  readonly attempts: readonly string[];
  /** Where things are that it is after. */
  readonly targets?: Readonly<Record<string, unknown>>;
}

export interface EvilRun extends EvilOrder {
  readonly change?: Partial<RunRequest>;
  readonly signal?: AbortSignal;
  /** Called with each line as it comes. */
  readonly onLine?: (line: string) => void;
}

/** A run with everything it said, and how long it took. */
export interface Ran {
  readonly outcome: RunOutcome;
  readonly output: string;
  readonly seconds: number;
  readonly warnings: readonly string[];
  /** The agent came as far as trying this. */
  readonly tried: (attempt: string) => boolean;
}

/** A host of our own: a directory with app-owned repositories, things to steal, and room for workspaces. */
export interface Yard {
  readonly driver: Driver;
  readonly dir: string;
  readonly dataDir: string;
  /** The mirror of the repository that is worked on. */
  readonly mirror: string;
  readonly repositoryId: number;
  readonly baseSha: string;
  readonly root: string;
  readonly repo: string;
  readonly git: Git;
  /** In the environment of everything that the evil agent starts here. */
  readonly mark: string;
  /** A secret nobody else has; the name tells where it was found. */
  readonly canary: (place: string) => string;
  /** Writes a file below the yard, with its directories. @returns its path */
  readonly write: (name: string, content: string, mode?: number) => string;
  readonly run: (order: EvilRun) => Promise<Ran>;
  /** Does something when the yard is taken away, the last first. */
  readonly afterwards: (work: () => void | Promise<void>) => void;
  readonly close: () => Promise<void>;
}

const fixtures = resolve(import.meta.dirname, "../fixtures/evil");
export const repositoryId = 500;

/** Limits that are reached in seconds. */
export const smallLimits = { memoryMb: 192, pids: 32, diskMb: 64 };

/** Without a namespace of their own, an ordinary user's other processes count, too. */
export const plentyOfProcesses = 4096;

/** Files of the repository the evil agent works on. */
export const startFiles: Readonly<Record<string, string>> = {
  "greeting.txt": "hello\n",
  "README.md": "# Sample\n",
  ".gitattributes": "",
  "merge-driver.txt": "one\n",
};

/** Builds a yard, lets `work` use it, and takes it away with everything that was started in it. */
export async function withYard<T>(
  driver: Driver,
  work: (yard: Yard) => Promise<T>,
  files: Readonly<Record<string, string>> = startFiles,
): Promise<T> {
  return yards.add(async () => {
    const yard = await openYard(driver, files);
    try {
      return await work(yard);
    } finally {
      await yard.close();
    }
  });
}

/** Runs wait most of the time, for limits and for each other's processes to start. */
const yards = new PQueue({ concurrency: 4 });

async function openYard(driver: Driver, files: Readonly<Record<string, string>>): Promise<Yard> {
  const dir = mkdtempSync(join(tmpdir(), "evil-yard-"));
  // The run's own user must be able to pass through, as through an operator's data directory.
  chmodSync(dir, 0o711);
  const mark = `evil-${randomBytes(6).toString("hex")}`;
  const dataDir = join(dir, "data");
  const write = (name: string, content: string, mode = 0o644) => {
    const path = join(dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  };
  const mirror = await makeMirror(dir, repositoryId, files);
  const baseSha = await gitIn(mirror, ["rev-parse", "main"]);
  cpSync(join(fixtures, "agent"), join(dir, "programs/evil"), { recursive: true });
  chmodSync(join(dir, "programs/evil/agent.mjs"), 0o755);
  const root = join(dataDir, "workspaces", "500-1");
  const warnings: string[] = [];
  const runner = createRunner({ hidden: [dataDir], onWarning: (message) => warnings.push(message) });
  const run = async ({ change, signal, onLine, ...order }: EvilRun): Promise<Ran> => {
    const lines: string[] = [];
    const since = performance.now();
    const outcome = await runner.run(
      {
        runId: "run-1",
        root,
        source: {
          gitDir: mirror,
          objectDirs: [join(mirror, "objects")],
          sha: baseSha,
          base: baseSha,
          branch: "agent/issue-1",
        },
        setup: { run: [], network: [] },
        box: { driver, limits: { memoryMb: 1024, pids: driver === "none" ? plentyOfProcesses : 128, diskMb: 256 } },
        agent: { kind: "command", command: [join(dir, "programs/evil/agent.mjs"), mark] },
        network: [],
        prompt: JSON.stringify({ ...order, driver, mark }),
        context: [],
        limits: { minutes: 1, idleMinutes: 1 },
        ...change,
      } as RunRequest,
      {
        signal: signal ?? new AbortController().signal,
        onPhase: () => {},
        onEvents: () => {},
        onOutput: (batch: readonly string[]) => {
          lines.push(...batch);
          for (const line of batch) onLine?.(line);
        },
      } as Parameters<typeof runner.run>[1],
    );
    const seconds = (performance.now() - since) / 1000;
    const said = new Set(lines);
    return { outcome, output: lines.join("\n"), seconds, warnings, tried: (name) => said.has(`TRIED ${name}`) };
  };
  const duties: (() => void | Promise<void>)[] = [];
  return {
    driver,
    dir,
    dataDir,
    mirror,
    repositoryId,
    baseSha,
    root,
    repo: join(root, "repo"),
    git: createGit({ dataDir }),
    mark,
    canary: (place) => `canary-${place}-${randomBytes(8).toString("hex")}`,
    write,
    run,
    afterwards: (work) => void duties.unshift(work),
    async close() {
      await endMarked(mark);
      for (const duty of duties) await duty();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A bare repository where the app keeps its mirrors. @returns its git directory */
export async function makeMirror(dir: string, id: number, files: Readonly<Record<string, string>>): Promise<string> {
  const seed = join(dir, `seed-${id}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(seed, name)), { recursive: true });
    writeFileSync(join(seed, name), content);
  }
  await gitIn(join(seed, ".git"), ["init", "--quiet", "--initial-branch=main", seed]);
  await gitIn(join(seed, ".git"), ["--work-tree", seed, "add", "--all"]);
  await gitIn(join(seed, ".git"), ["commit", "--quiet", "--message=start"]);
  const mirrors = join(dir, "data/git/mirrors");
  mkdirSync(mirrors, { recursive: true });
  for (const path of [join(dir, "data"), join(dir, "data/git"), mirrors]) chmodSync(path, 0o711);
  const mirror = join(mirrors, `${id}.git`);
  await gitIn(join(seed, ".git"), ["clone", "--quiet", "--bare", "--no-hardlinks", "--template=", seed, mirror]);
  return mirror;
}
