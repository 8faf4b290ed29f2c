import { execFile } from "node:child_process";

const env = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Ann",
  GIT_AUTHOR_EMAIL: "ann@example.com",
  GIT_COMMITTER_NAME: "Ann",
  GIT_COMMITTER_EMAIL: "ann@example.com",
};

/** Runs git in a repository that we trust, for the tests' own questions. @throws Error with git's words */
export async function gitIn(gitDir: string, args: readonly string[], input = ""): Promise<string> {
  const done = await command(["git", ...args], { env: { ...env, GIT_DIR: gitDir }, input });
  if (done.code !== 0) throw new Error(`git ${args.join(" ")}: ${done.stderr}`);
  return done.stdout.trimEnd();
}

/**
 * Runs a line of shell in a directory an agent could write to, as a careless host does. Never asks, never waits longer
 * than five seconds. @returns what it printed, and 124 as its code when it had to be ended
 */
export async function carelessly(
  cwd: string,
  line: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Done> {
  const careless = { ...env, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_GLOBAL: "/nonexistent", ...more };
  return command(["timeout", "-k", "1", "5", "/bin/bash", "--norc", "-c", line], { cwd, env: careless, input: "" });
}

export interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(
  [file = "", ...args]: readonly string[],
  { input, ...options }: { readonly env: Record<string, string>; readonly cwd?: string; readonly input: string },
): Promise<Done> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { maxBuffer: 1 << 26, ...options }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
