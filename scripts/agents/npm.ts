import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/**
 * Runs npm in a directory, under the Node.js we run on, because an older one may choose or refuse other packages.
 * Undefined when it went well, else what to tell people. Settings of npm (registry, proxy, cache) are the operator's.
 */
export async function runNpm(args: readonly string[], cwd: string): Promise<string | undefined> {
  const npm = findNpm();
  if (npm === undefined) return "There is no npm on the PATH.";
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--fetch-retries=1"];
  const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter) };
  const child = spawn(process.execPath, [npm, ...args, ...quiet], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      words = (words + chunk).slice(-4000);
    });
  }
  const code = await new Promise<number>((resolve) => child.once("close", (ended) => resolve(ended ?? 1)));
  return code === 0 ? undefined : explained(reasonsIn(words));
}

/** The script of the npm that started us, or of the first on the PATH. */
function findNpm(): string | undefined {
  const started = process.env.npm_execpath;
  if (started && /npm-cli\.c?js$/.test(started) && existsSync(started)) return started;
  const candidates = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, "npm"));
  return candidates.filter((path) => existsSync(path)).map((path) => realpathSync(path))[0];
}

/** npm's own lines, without the stack and the log file's name. */
function reasonsIn(words: string): string {
  const lines = words
    .split("\n")
    .filter((line) => line.startsWith("npm error ") && !/^npm error\s+at |A complete log/.test(line));
  return lines.slice(0, 5).join("\n");
}

function explained(words: string): string {
  const cannotReach =
    /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT/;
  if (cannotReach.test(words)) {
    return `The package registry cannot be reached. Check the network and npm's settings (npm config get registry proxy https-proxy), then run this again.\n${words}`;
  }
  if (/ENOSPC/.test(words)) return `The disk is full.\n${words}`;
  return `npm says:\n${words}`;
}
