import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runTool, startGroup } from "../process.ts";
import type { Box } from "../types.ts";
import { blockedDirectories, type Identity } from "./identity.ts";
import { killByForce, killEverything } from "./leftovers.ts";
import { makePlace, type Place } from "./place.ts";
import type { CommandEnd, Order, SandboxCommand, SupervisorOptions } from "./protocol.ts";
import { listenTo } from "./reports.ts";
import { oomKills } from "./watch.ts";

/** One run's sandbox: a supervisor process that runs commands one after the other. */
export interface OpenBox {
  readonly run: (command: SandboxCommand) => Promise<CommandEnd>;
  /** Runs a command that is talked with. `onLine` gets each line of its standard output, hostile as it may be. */
  readonly talk: (command: SandboxCommand, onLine: (line: string) => void) => Conversation;
  /** Kills everything at once and proves that nothing is left. May be called at any time, and more than once. */
  readonly close: () => Promise<void>;
}

/** A running command that is talked with. Whatever is said to one that has ended is lost without harm. */
export interface Conversation {
  readonly say: (line: string) => void;
  /** Closes its standard input: most programs take that as the wish to end. */
  readonly hush: () => void;
  /** Keeps the idle limit off: something of its work was seen outside the sandbox. */
  readonly alive: () => void;
  /** Kills the command, and nothing else of the sandbox. */
  readonly kill: () => void;
  readonly end: Promise<CommandEnd>;
}

export interface BoxOrder {
  readonly root: string;
  readonly box: Box;
  readonly identity: Identity;
  /** Every path of the host the run needs: put back where only root could go. */
  readonly reach: readonly string[];
  readonly onOutput: (lines: readonly string[]) => void;
  readonly onWarning: (message: string) => void;
}

export type Opened =
  | { readonly kind: "open"; readonly box: OpenBox }
  | { readonly kind: "refused"; readonly detail: string };

export const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A supervisor that did not end a command this long after its time is itself ended. */
const graceMs = 9000;
const projectDir = fileURLToPath(new URL("../../../", import.meta.url));
const supervisorFile = fileURLToPath(new URL("./supervisor.ts", import.meta.url));
const enterFile = fileURLToPath(new URL("./enter.sh", import.meta.url));

/** Starts the supervisor and waits until its sandbox is ready. Nothing is left behind when it refuses. */
export async function openBox(order: BoxOrder): Promise<Opened> {
  const place = await makePlace(order);
  const child = startGroup({
    argv: await supervisorArgv(order, place),
    cwd: `${place.ownDir}/empty`,
    env: supervisorEnv(place),
  });
  const errors = lastWords(child.stderr);
  child.stdin.on("error", () => {});
  let hear = (_line: string) => {};
  const reports = listenTo(child.stdout, { onOutput: order.onOutput, onSaid: (line) => hear(line) });
  const gone = child.then(reports.supervisorIsGone);
  const close = () => closeBox(order, place, { group: child.pid, gone, namespaces: reports.namespaces });
  const first = await reports.next();
  if (first.type !== "ready") {
    await close();
    return { kind: "refused", detail: detailOf(first) || errors() || "The sandbox's supervisor ended without a word." };
  }
  const tell = (order: Order) => void child.stdin.write(`${JSON.stringify(order)}\n`);
  const run = async (command: SandboxCommand): Promise<CommandEnd> => {
    tell({ type: "run", command });
    let overdue = false;
    const backstop = setTimeout(() => {
      overdue = true;
      if (child.pid) killByForce(-child.pid);
    }, command.limits.wallMs + graceMs);
    const answer = await reports.next();
    clearTimeout(backstop);
    if (overdue) return { kind: "limit", which: "minutes", tail: "", blockedHosts: [] };
    const end: CommandEnd =
      answer.type === "ended" ? answer.end : { kind: "broken", detail: detailOf(answer) || errors() };
    return withMemoryInMind(end, place);
  };
  const talk = (command: SandboxCommand, onLine: (line: string) => void): Conversation => {
    hear = onLine;
    const end = run({ ...command, talk: true }).finally(() => {
      hear = () => {};
    });
    return {
      say: (line) => tell({ type: "say", line }),
      hush: () => tell({ type: "hush" }),
      alive: () => tell({ type: "alive" }),
      kill: () => tell({ type: "kill" }),
      end,
    };
  };
  return { kind: "open", box: { run, talk, close } };
}

async function supervisorArgv(order: BoxOrder, place: Place): Promise<[string, ...string[]]> {
  const options: SupervisorOptions = {
    driver: order.box.driver,
    ownDir: place.ownDir,
    oomCounter: place.group?.oomCounter,
    oomKillsBefore: place.oomKillsBefore,
  };
  const supervisor = [process.execPath, supervisorFile, JSON.stringify(options)];
  // Ends the supervisor, and by bubblewrap's own such bond everything in the sandbox, when the app crashes.
  const dieWithUs = ["--pdeathsig", "KILL", "--"];
  if (!order.identity.dropped) return ["setpriv", ...dieWithUs, ...supervisor];
  const staged = await mayStage();
  return [
    "setpriv",
    ...dieWithUs,
    ...(staged ? ["unshare", "--mount", "--propagation", "private", "--", "env", "BATON_STAGED=1"] : []),
    ...["/bin/bash", enterFile, String(order.identity.uid), `${place.ownDir}/passwd`, `${place.ownDir}/group`],
    ...(place.group?.joins ?? []).flatMap((file) => ["group", file]),
    ...(staged ? await stagingOf([projectDir, ...order.reach].map(withoutSlash)) : []),
    "--",
    ...supervisor,
  ];
}

/** What to cover and what to put back, for the paths that lie behind directories only root may enter. */
async function stagingOf(reach: readonly string[]): Promise<readonly string[]> {
  const blocked = await blockedDirectories(reach);
  const needed = new Set(reach.filter((path) => blocked.some((directory) => path.startsWith(`${directory}/`))));
  const steps = [
    ...blocked.map((path) => ({ path, action: "cover" })),
    ...[...needed].map((path) => ({ path, action: "reach" })),
  ];
  return steps.sort((a, b) => (a.path < b.path ? -1 : 1)).flatMap(({ path, action }) => [action, path]);
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}

/** Root in a container may lack the right to mount. Then paths must be open to other users as they are. */
async function mayStage(): Promise<boolean> {
  const tried = await runTool(
    { argv: ["unshare", "--mount", "--propagation", "private", "true"], cwd: "/", env: { PATH: systemPath } },
    10,
  );
  return tried.code === 0;
}

/** From scratch: what the supervisor needs to find its programs, and nothing of ours (security.md T16). */
function supervisorEnv(place: Place): Record<string, string> {
  return { PATH: systemPath, LANG: "C.UTF-8", HOME: place.ownDir, TMPDIR: place.ownDir };
}

/** The kernel's memory killer strikes faster than the watch looks, and may take the supervisor with it. */
async function withMemoryInMind(end: CommandEnd, place: Place): Promise<CommandEnd> {
  const counter = place.group?.oomCounter;
  if (end.kind === "limit" || counter === undefined || (await oomKills(counter)) === place.oomKillsBefore) return end;
  const seen =
    end.kind === "exited" ? { tail: end.tail, blockedHosts: end.blockedHosts } : { tail: "", blockedHosts: [] };
  return { kind: "limit", which: "memory", ...seen };
}

interface Started {
  readonly group: number | undefined;
  readonly gone: Promise<void>;
  readonly namespaces: ReadonlySet<string>;
}

async function closeBox(order: BoxOrder, place: Place, started: Started): Promise<void> {
  if (started.group !== undefined) {
    const traces = { group: started.group, namespaces: started.namespaces, identity: order.identity };
    if (!(await killEverything(traces))) order.onWarning("processes of a run could not be ended");
    await started.gone;
  }
  await place.group?.remove();
  await rm(place.ownDir, { recursive: true, force: true });
}

function lastWords(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text = (text + chunk).slice(-4096);
  });
  return () => text.trim();
}

function detailOf(answer: { readonly type: string; readonly detail?: string }): string {
  return answer.detail ?? "";
}
