import { spawn } from "node:child_process";

const ENVIRONMENT = {
  PATH: process.env.PATH,
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
};

export interface GitOptions {
  readonly input?: Buffer | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers, not failures. */
  readonly codes?: readonly number[];
}

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
}

/** The environment for git children: nothing of this machine's configuration reaches them. */
export function gitEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...ENVIRONMENT, ...more } as Record<string, string>;
}

/**
 * Runs git in a bare repository. Never synchronously: the server must go on answering the git that waits for it.
 *
 * @throws Error with git's own words when it ends with a code that was not expected
 */
export function runGit(directory: string, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", ["-C", directory, ...args], {
      env: gitEnvironment(options.env),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => {}); // git may end before it has read everything; its exit code tells
    child.on("error", reject);
    child.on("close", (code) => {
      const ok = code !== null && [0, ...(options.codes ?? [])].includes(code);
      if (ok) resolve({ code, stdout: Buffer.concat(stdout) });
      else reject(new Error(`git ${args[0]} ended with ${code}: ${Buffer.concat(stderr).toString().trim()}`));
    });
    child.stdin.end(options.input);
  });
}

/** What git printed, without the last line break. */
export async function gitText(directory: string, args: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await runGit(directory, args, options)).stdout.toString().replace(/\n$/, "");
}
