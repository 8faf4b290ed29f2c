import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRunner, type RunOutcome, type RunRequest, type VerifyRequest } from "../../src/agent-runner/index.ts";

/** Outcome of a run with everything it said on the way. */
export interface Ran {
  readonly outcome: RunOutcome;
  readonly output: string;
  readonly phases: readonly string[];
  readonly warnings: readonly string[];
}

const limits = { memoryMb: 1024, pids: 128, diskMb: 300 };
const gitEnv = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Ann",
  GIT_AUTHOR_EMAIL: "ann@example.com",
  GIT_COMMITTER_NAME: "Ann",
  GIT_COMMITTER_EMAIL: "ann@example.com",
};

/**
 * A host with one bare repository and room for workspaces, in a directory only its owner may enter. `close` fails the
 * test when something was left behind.
 */
export function openHost(files: Readonly<Record<string, string>> = { "greeting.txt": "hello\n" }) {
  const dir = mkdtempSync(join(tmpdir(), "bt-"));
  const git = (cwd: string, ...args: readonly string[]) =>
    execFileSync("git", [...args], { cwd, env: gitEnv, stdio: ["ignore", "pipe", "pipe"] })
      .toString()
      .trim();
  write(join(dir, "seed"), files);
  git(dir, "init", "--quiet", "--initial-branch=main", "seed");
  git(join(dir, "seed"), "add", "--all");
  git(join(dir, "seed"), "commit", "--quiet", "--message=start");
  git(dir, "clone", "--quiet", "--bare", "seed", "mirror.git");
  const mirror = join(dir, "mirror.git");
  const sha = git(mirror, "rev-parse", "main");
  const workspace = {
    runId: "run-1",
    root: join(dir, "workspaces", "task-1"),
    source: { gitDir: mirror, objectDirs: [join(mirror, "objects")], sha, base: sha, branch: "agent/issue-1" },
    setup: { run: [], network: [] },
    box: { driver: "srt", limits },
  } as const;

  /** A program with an interpreter line, executable, in a directory of its own. */
  const program = (text: string, name = "agent") => {
    const path = join(dir, "programs", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text.startsWith("#!") ? text : `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    return path;
  };

  const run = async (script: string, changes: Partial<RunRequest> = {}, signal?: AbortSignal): Promise<Ran> => {
    const lines: string[] = [];
    const phases: string[] = [];
    const warnings: string[] = [];
    const runner = createRunner({ hidden: [join(dir, "data")], onWarning: (message) => warnings.push(message) });
    const request: RunRequest = {
      ...workspace,
      agent: { kind: "command", command: [program(script)] },
      network: [],
      prompt: "do it",
      context: [],
      limits: { minutes: 1, idleMinutes: 1 },
      ...changes,
    };
    const outcome = await runner.run(request, {
      signal: signal ?? new AbortController().signal,
      onPhase: (phase) => phases.push(phase),
      onOutput: (batch) => lines.push(...batch),
      onEvents: () => {},
    });
    return { outcome, output: lines.join("\n"), phases, warnings };
  };

  const verify = (commands: readonly string[], changes: Partial<VerifyRequest> = {}) =>
    createRunner().verify(
      { ...workspace, commands, network: [], minutes: 1, ...changes },
      { signal: new AbortController().signal },
    );

  /** Takes a bundle over as the app does: into a repository of its own. */
  const imported = (ended: RunOutcome) => {
    if (ended.kind !== "changed") throw new Error(`not a change: ${JSON.stringify(ended)}`);
    const into = mkdtempSync(join(dir, "quarantine-"));
    git(into, "clone", "--quiet", "--bare", mirror, ".");
    git(into, "-c", "fetch.fsckObjects=true", "fetch", "--quiet", ended.bundle, "refs/heads/change:refs/heads/change");
    return {
      tip: git(into, "rev-parse", "change"),
      parents: git(into, "rev-list", "--parents", "-n1", "change").split(" ").slice(1),
      changed: git(into, "diff-tree", "-r", "--name-status", sha, "change").split("\n").filter(Boolean),
      read: (path: string) => git(into, "show", `change:${path}`),
    };
  };

  const close = () => {
    const left = processesMentioning(dir);
    rmSync(dir, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`processes left behind: ${left.join("; ")}`);
  };
  return { dir, mirror, sha, workspace, program, run, verify, imported, git, close };
}

export type Host = ReturnType<typeof openHost>;

/** Command lines of living processes that contain a text. */
export function processesMentioning(text: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const dead = /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
        return line.includes(text) && !dead ? [line.slice(0, 200)] : [];
      } catch {
        return [];
      }
    });
}

/** Writes files below a directory, with the directories they need. */
export function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
}
