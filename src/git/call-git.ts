import { simpleGit } from "simple-git";
import { gitEnvironment, type Remote, tokenForms } from "./environment.ts";

/** One git command in one app-owned bare repository. */
export interface GitCall {
  readonly gitDir: string;
  readonly args: readonly string[];
  /** Written to stdin, which is closed after it; without it stdin is closed at once. */
  readonly input?: Buffer | string;
  /** Only with it may the call use the network. */
  readonly remote?: Remote;
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes of stdout after which the command is ended (default 16 MiB). */
  readonly maxOutput?: number;
  /** Wall clock in milliseconds (default: two minutes). */
  readonly timeoutMs?: number;
}

/** How the command ended. `cut` says that we ended it; then `code` means nothing. */
export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  /** English, and free of the token. */
  readonly stderr: string;
  readonly cut?: "timeout" | "output";
}

/** git could not be used at all, or a command failed that has no reason to fail. */
export class GitError extends Error {
  readonly code = "git_failed";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "GitError";
  }
}

const maxStderr = 256 * 1024;

/**
 * Runs one git command under the rules of security.md §2: environment from scratch, stdin closed, fixed locale, no
 * hooks, bounded output and time. Exit codes are returned, not thrown.
 *
 * git is started below coreutils' `timeout`, because killing git alone leaves `git-remote-http` behind with the token
 * in its environment (simple-git can neither start a group nor kill one): `timeout` makes a process group of its own,
 * passes our interrupt on to all of it, kills it when the time is over, and does so even when this process is gone.
 * @throws GitError when git or `timeout` cannot be started
 */
export async function callGit(call: GitCall): Promise<GitAnswer> {
  const environment = gitEnvironment(call.gitDir, { remote: call.remote, extra: call.env });
  const cutter = new AbortController();
  const ended: { code?: number | null; stdout: Buffer; stderr: Buffer } = {
    stdout: Buffer.alloc(0),
    stderr: Buffer.alloc(0),
  };
  const git = simpleGit({
    baseDir: call.gitDir,
    binary: ["timeout", "-k5"],
    abort: cutter.signal,
    allowEnvironment: environment.names,
    unsafe,
    completion: { onClose: true, onExit: 1000 },
    input: () => Buffer.from(call.input ?? ""),
    errors: (_error, result) => {
      ended.code = result.exitCode;
      ended.stdout = Buffer.concat(result.stdOut);
      ended.stderr = Buffer.concat(result.stdErr);
      return undefined;
    },
  });
  git.env(environment.values).outputHandler((_command, stdout, stderr) => {
    endAbove(stdout, call.maxOutput ?? 16 * 1024 * 1024, cutter);
    endAbove(stderr, maxStderr, cutter);
  });
  const seconds = String((call.timeoutMs ?? 120_000) / 1000);
  try {
    await git.raw([seconds, "git", ...call.args]);
  } catch (cause) {
    throw new GitError("git could not be started.", { cause });
  }
  return answerOf(call, ended, cutter.signal.aborted);
}

/**
 * Like {@link callGit}, for commands that can only fail when something is broken.
 * @returns stdout
 * @throws GitError
 */
export async function mustGit(call: GitCall): Promise<Buffer> {
  const answer = await callGit(call);
  if (answer.code === 0 && !answer.cut) return answer.stdout;
  const detail = answer.cut ? `was ended: ${answer.cut}` : lastLine(answer.stderr);
  throw new GitError(`git ${call.args[0]} failed: ${detail}`);
}

/** The last line that says something, at most 300 characters, for causes and logs. */
export function lastLine(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "no message").slice(0, 300);
}

/** The exceptions from simple-git's screening that our own hardening needs, and no others. */
const unsafe = {
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeAskPass: true,
  allowUnsafeCredentialHelper: true,
} as const;

function endAbove(stream: NodeJS.ReadableStream, bytes: number, cutter: AbortController): void {
  let seen = 0;
  stream.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen > bytes) cutter.abort();
  });
}

function answerOf(
  call: GitCall,
  ended: { readonly code?: number | null; readonly stdout: Buffer; readonly stderr: Buffer },
  outputCut: boolean,
): GitAnswer {
  const stderr = withoutToken(ended.stderr.toString("utf8"), call.remote?.token ?? "");
  const code = ended.code ?? -1;
  if (outputCut) return { code, stdout: ended.stdout, stderr, cut: "output" };
  // `timeout`: 124 = time over, 137 = had to be killed; 125..127 = could not start git; simple-git: below 0 = no `timeout`.
  if (code === 124 || code === 137) return { code, stdout: ended.stdout, stderr, cut: "timeout" };
  if (code < 0 || (code >= 125 && code <= 127)) {
    throw new GitError("git could not be started: git and coreutils' timeout must be installed.");
  }
  return { code, stdout: ended.stdout, stderr };
}

function withoutToken(text: string, token: string): string {
  return tokenForms(token).reduce((clean, form) => clean.replaceAll(form, "***"), text);
}
