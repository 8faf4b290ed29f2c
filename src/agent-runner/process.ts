import { execa } from "execa";

/**
 * The one file of the agent runner that starts children (security.md T24). Every child gets exactly the environment it
 * is given: nothing of ours is inherited.
 */
export interface ChildOrder {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

// cleanup: false, because our children end by the kernel's parent-death signal and by group kill, not by exit hooks.
const streaming = { extendEnv: false, reject: false, buffer: false, cleanup: false } as const;

/** Starts a child as the leader of its own process group, so that one kill reaches everything that stays in it. */
export function startGroup(order: ChildOrder) {
  const [file, ...args] = order.argv;
  return execa(file, args, { ...streaming, cwd: order.cwd, env: order.env, detached: true, stdin: "pipe" });
}

/** Starts a child in our own process group. Its fourth descriptor is a pipe from it to us. */
export function startMember(order: ChildOrder) {
  const [file, ...args] = order.argv;
  return execa(file, args, { ...streaming, cwd: order.cwd, env: order.env, stdio: ["pipe", "pipe", "pipe", "pipe"] });
}

/** Runs a small trusted tool to its end; one that takes longer than `seconds` is killed and has code -1. */
export async function runTool(order: ChildOrder, seconds: number) {
  const [file, ...args] = order.argv;
  const done = await execa(file, args, {
    extendEnv: false,
    reject: false,
    cwd: order.cwd,
    env: order.env,
    stdin: "ignore",
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    maxBuffer: 1 << 20,
  });
  return { code: done.exitCode ?? -1, stdout: done.stdout, stderr: done.stderr };
}
