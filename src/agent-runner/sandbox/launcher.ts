import type { SandboxCommand } from "./protocol.ts";

/** Sockets and the sandbox's own shells count as processes too. */
const ownProcesses = 16;

/**
 * The first words inside the sandbox: reports the pid namespace on descriptor 3 and closes it, puts right what
 * sandbox-runtime sets (a temporary directory shared by all sandboxes; a proxy exception for whole private networks, so
 * that a listed private address would be dialled directly and fail), sets the kernel's caps and becomes the command.
 */
export function launcherScript(command: SandboxCommand): string {
  const { limits, env } = command;
  const loopback = "localhost,127.0.0.1,::1";
  return [
    "readlink /proc/self/ns/pid >&3; exec 3>&-",
    `export ${shellWords(Object.entries(env).map(([name, value]) => `${name}=${value}`))}`,
    `export NO_PROXY=${loopback} no_proxy=${loopback}`,
    `cd -- ${shellWords([command.cwd])} || exit 126`,
    `exec prlimit --core=0 --nproc=${limits.pids + ownProcesses} --fsize=${limits.fileMb * 1_048_576} -- ${shellWords(command.argv)}`,
  ].join("\n");
}

/** Words as a POSIX shell reads them back, whatever they hold. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
