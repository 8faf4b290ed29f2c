import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { startMember } from "../process.ts";
import { type Grip, holdOn } from "./grip.ts";
import { launcherScript } from "./launcher.ts";
import { killByForce } from "./leftovers.ts";
import { collectOutput, type Output, outputCap, talkCap } from "./output.ts";
import { livingNamespaces, readProcesses, treeBelow } from "./processes.ts";
import type { CommandEnd, Order, Report, SandboxCommand, SupervisorOptions } from "./protocol.ts";
import type { Isolation } from "./srt.ts";
import { watchLimits } from "./watch.ts";

/**
 * The process that stands between the app and one run's sandbox. It owns the sandbox manager, runs one command after the
 * other as it is told, watches their limits, and dies with the app. It has no secret, and as little power as the
 * sandboxed commands: started by root, it already runs as the run's own user.
 */
const options = JSON.parse(process.argv[2] ?? "{}") as SupervisorOptions;

let current: Grip | undefined;

try {
  const isolation = await openIsolation();
  report({ type: "ready" });
  for await (const line of createInterface({ input: process.stdin })) obey(isolation, JSON.parse(line) as Order);
} catch (error) {
  report({ type: "refused", detail: messageOf(error) });
}
process.exit(0);

/** The app gives the next command only when the last one has ended; everything else is about the one that runs. */
function obey(isolation: Isolation, order: Order): void {
  if (order.type !== "run") {
    current?.take(order);
    return;
  }
  current = holdOn();
  void carryOut(isolation, order.command, current).then((end) => {
    current = undefined;
    report({ type: "ended", end });
  });
}

async function openIsolation(): Promise<Isolation> {
  if (options.driver === "none") return { wrap: async (_command, launcher) => launcher, takeBlockedHosts: () => [] };
  // Loaded late, so that driver `none` works where the sandbox cannot.
  const { openSrt } = await import("./srt.ts");
  return openSrt(options.ownDir);
}

async function carryOut(isolation: Isolation, command: SandboxCommand, grip: Grip): Promise<CommandEnd> {
  try {
    const line = await isolation.wrap(command, launcherScript(command));
    return await runWrapped(isolation, { command, grip, line });
  } catch (error) {
    return { kind: "broken", detail: messageOf(error) };
  }
}

interface Wrapped {
  readonly command: SandboxCommand;
  readonly grip: Grip;
  readonly line: string;
}

async function runWrapped(isolation: Isolation, { command, grip, line }: Wrapped): Promise<CommandEnd> {
  const child = startMember({ argv: ["/bin/sh", "-c", shellOf(line)], cwd: process.cwd(), env: shellEnv() });
  const output = collectOutput((lines) => report({ type: "output", lines }));
  const flushing = setInterval(output.flush, 100);
  let inside = false;
  const namespace = readNamespace(child.stdio[3] as Readable).finally(() => {
    inside = true;
  });
  connect(child, output, command);
  grip.hold(child.stdin, () => void killTree(child.pid ?? 0));
  const ended = new AbortController();
  const limited = watchLimits(
    {
      pid: child.pid ?? 0,
      limits: command.limits,
      dirs: command.write,
      outputBytes: output.total,
      outputCap: command.talk ? talkCap : outputCap,
      signs: grip.signs,
      isInside: () => inside,
      oomCounter: options.oomCounter,
      oomKillsBefore: options.oomKillsBefore ?? 0,
    },
    ended.signal,
  ).then(async (limit) => {
    if (limit) await killTree(child.pid ?? 0);
    return limit;
  });
  const code = await exitOf(child);
  ended.abort();
  const name = await namespace;
  await namespaceIsGone(name);
  const limit = await limited;
  clearInterval(flushing);
  output.flush();
  const seen = { tail: output.tail(), blockedHosts: isolation.takeBlockedHosts() };
  if (limit) return { kind: "limit", which: limit, ...seen };
  // Nothing said from inside: the sandbox was not built, unless it was ended on the way.
  if (options.driver === "srt" && name === "" && !grip.killed()) return { kind: "broken", detail: seen.tail.trim() };
  return { kind: "exited", code, ...seen };
}

/** `exec`, or a shell would stay in between and bubblewrap would not notice that we died. */
function shellOf(line: string): string {
  return options.driver === "none" ? line : `exec ${line}`;
}

/**
 * For the shells around the command, of which the first runs outside the sandbox. Bash reads `~/.bashrc` when its input
 * is a socket, which Node's pipes are, and takes the home from the password file when it is told none: the agent's own
 * start-up file would run outside. Hence `sh`, an empty home, and a level at which bash takes itself for a subshell.
 */
function shellEnv(): Record<string, string> {
  return { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: process.cwd(), SHLVL: "2" };
}

/** Exit code, 128 + n for a signal. Does not wait for ever on streams that something left behind keeps open. */
async function exitOf(child: ReturnType<typeof startMember>): Promise<number> {
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.nodeChildProcess.once("exit", (...how) => resolve(how));
    child.nodeChildProcess.once("error", () => resolve([127, null]));
  });
  await Promise.race([child, delay(1000, undefined, { ref: false })]);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  return code ?? 128 + (signal ? constants.signals[signal] : 0);
}

function connect(child: ReturnType<typeof startMember>, output: Output, { talk, stdin }: SandboxCommand): void {
  const spoken = talk ? output.said((line) => report({ type: "said", line })) : output.stream();
  for (const [from, to] of [
    [child.stdout, spoken],
    [child.stderr, output.stream()],
  ] as const) {
    from.on("data", (chunk: Buffer) => to.push(chunk));
    from.on("close", () => to.end());
  }
  // A command need not read what it is given.
  child.stdin.on("error", () => {});
  if (talk) child.stdin.write(stdin);
  else child.stdin.end(stdin);
}

/**
 * The launcher's line on descriptor 3, said before anything hostile runs. Nothing after that line is listened to: the
 * sandbox's own relays hold the descriptor for as long as they live.
 */
async function readNamespace(from: Readable): Promise<string> {
  let text = "";
  for await (const chunk of from) {
    text += String(chunk);
    if (text.includes("\n")) break;
  }
  const name = /^pid:\[\d+\]\n/.exec(text)?.[0].trim() ?? "";
  if (options.driver === "none" || name === "") return "";
  report({ type: "started", pidNamespace: name });
  return name;
}

/**
 * The command has ended, its pid namespace may take a moment longer. Nothing of it may be alive when the next command
 * looks at what it left (security.md T21).
 */
async function namespaceIsGone(name: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (name !== "" && (await livingNamespaces(new Set([name]))).length > 0) {
    // Only a process stuck in the kernel comes this far. Nothing may be taken out beside it.
    if (performance.now() > end) throw new Error("processes of the command could not be ended");
    await delay(5);
  }
}

async function killTree(root: number): Promise<void> {
  for (const entry of treeBelow(await readProcesses(), root).toReversed()) killByForce(entry.pid);
}

function report(value: Report): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
