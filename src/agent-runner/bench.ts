import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { type OpenBox, openBox } from "./sandbox/box.ts";
import { claimIdentity, type Identity, releaseIdentity } from "./sandbox/identity.ts";
import { badNetworkEntries } from "./sandbox/network.ts";
import type { CommandEnd } from "./sandbox/protocol.ts";
import { nodeReads } from "./sandbox/reads.ts";
import type { Box, ContextFile, Interruption, Source } from "./types.ts";
import { type Bench, prepareCommand } from "./workspace/commands.ts";
import { makeWorkspace } from "./workspace/make.ts";

export interface BenchOrder {
  readonly root: string;
  readonly source: Source;
  readonly files?: string | undefined;
  readonly context: readonly ContextFile[];
  /** Settings of the agent, in a directory only it may use. */
  readonly agentFiles: readonly ContextFile[];
  readonly box: Box;
  /** Every network list that will be used. */
  readonly network: readonly string[];
  /** Host paths besides workspace, objects and Node.js. */
  readonly reach: readonly string[];
  readonly signal: AbortSignal;
  readonly onOutput: (lines: readonly string[]) => void;
  readonly onWarning: (message: string) => void;
}

export interface OpenBench extends Bench {
  readonly openBox: OpenBox;
}

/**
 * Makes a fresh workspace and a sandbox around it, lets `work` use them, and leaves no process behind, whatever happens.
 * An aborted signal ends it within moments as `stopped`.
 */
export async function atBench<T>(order: BenchOrder, work: (bench: OpenBench) => Promise<T>): Promise<T | Interruption> {
  const bad = badNetworkEntries(order.network);
  if (bad.length > 0) return failed("internal", `Not a host name or host:port: ${bad.join(", ").slice(0, 300)}`);
  const missing = order.source.objectDirs.filter((path) => !existsSync(path));
  if (missing.length > 0) return failed("internal", `No such object directory: ${missing.join(", ")}`);
  if (order.signal.aborted) return { kind: "stopped" };
  const identity = await claimIdentity(order.box.driver);
  try {
    return await withBox(order, identity, work);
  } finally {
    releaseIdentity(identity);
  }
}

async function withBox<T>(
  order: BenchOrder,
  identity: Identity,
  work: (bench: OpenBench) => Promise<T>,
): Promise<T | Interruption> {
  await mkdir(order.root, { recursive: true });
  const reach = [order.root, ...order.source.objectDirs, ...nodeReads(), ...order.reach];
  // The supervisor takes a third of a second to come up: time enough to make the workspace.
  const opening = openBox({ ...order, identity, reach });
  const making = makeWorkspace({ ...order, files: order.files, identity });
  const [opened, made] = await Promise.allSettled([opening, making]);
  if (opened.status === "rejected") throw opened.reason;
  if (opened.value.kind === "refused") return failed("sandbox_unavailable", opened.value.detail);
  const { box } = opened.value;
  const stop = () => void box.close();
  order.signal.addEventListener("abort", stop, { once: true });
  try {
    if (made.status === "rejected") throw made.reason;
    if (order.signal.aborted) return { kind: "stopped" };
    const bench = { source: order.source, workspace: made.value, box: order.box, openBox: box };
    return (await prepare(bench, order.signal)) ?? (await work(bench));
  } finally {
    order.signal.removeEventListener("abort", stop);
    await box.close();
  }
}

async function prepare(bench: OpenBench, signal: AbortSignal): Promise<Interruption | undefined> {
  const end = await bench.openBox.run(prepareCommand(bench));
  if (end.kind !== "exited") return interruptionOf(end, signal);
  if (signal.aborted) return { kind: "stopped" };
  return end.code === 0
    ? undefined
    : failed("internal", `The workspace could not be made: ${end.tail.trim().slice(-2000)}`);
}

/** A command that did not come to its own end, as the end of the run. */
export function interruptionOf(end: Exclude<CommandEnd, { kind: "exited" }>, signal: AbortSignal): Interruption {
  if (signal.aborted) return { kind: "stopped" };
  if (end.kind === "limit") return { kind: "limit", which: end.which };
  return failed("sandbox_unavailable", end.detail);
}

export function failed(failure: (Interruption & { kind: "failed" })["class"], detail: string): Interruption {
  return { kind: "failed", class: failure, detail };
}
