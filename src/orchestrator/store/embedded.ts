import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, open, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import {
  exists,
  handOver,
  type Layout,
  makeSocketDir,
  prepareLayout,
  removeLeftovers,
  tail,
  uidOfNobody,
} from "./embedded-files.ts";
import { isRunning, readServerFile, runsIn } from "./embedded-process.ts";
import { StoreError } from "./errors.ts";
import type { StoreLog } from "./log.ts";

export interface EmbeddedServer {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  /** Leaves the server; the last process to leave shuts it down and waits until it is gone. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: StoreLog;
  /** Directory with `initdb` and `postgres` of another installation; those from npm when undefined. */
  readonly pgBin?: string | undefined;
}

/**
 * Starts PostgreSQL on a unix socket below `dataDir`, or joins the one that runs there already: another Baton's, or
 * one whose parent was killed. Every process keeps one connection with a shared lock on it as its sign of life, which
 * a kill takes away; so the last one to leave knows that it is the last. A server that dies is started again.
 *
 * @throws StoreError `DATABASE_…` with what an operator can do
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const layout = await prepareLayout(options);
  await makeCluster(layout);
  let keeper = await joinOrLaunch(layout);
  let stopping = false;
  const watch = (): void => {
    keeper.once("end", async () => {
      if (stopping) return;
      options.log.warn({}, "the embedded database went away; starting it again");
      try {
        keeper = await joinOrLaunch(layout);
        watch();
      } catch (error) {
        options.log.error({ err: error }, "the embedded database does not come back");
      }
    });
  };
  watch();
  return {
    connection: address(layout),
    async stop() {
      if (stopping) return;
      stopping = true;
      await leave(keeper, layout);
    },
  };
}

const presenceLock = 7002;
const patienceMs = 60_000;

function address(layout: Layout): EmbeddedServer["connection"] {
  return { host: layout.socketDir, port: 5432, user: "baton", database: "postgres" };
}

/** initdb into a name of its own, then one atomic rename: a killed first start leaves nothing half-made behind. */
async function makeCluster(layout: Layout): Promise<void> {
  await removeLeftovers(layout.dataDir);
  if (await exists(layout.cluster)) return;
  const half = await mkdtemp(`${layout.cluster}.new-`);
  // initdb wants a user with an account, which our own number does not have: made as `nobody`, then handed over.
  const maker = layout.uid === undefined ? undefined : await uidOfNobody();
  if (maker !== undefined) await chown(half, maker, maker);
  await initdb(layout, half, maker);
  if (layout.uid !== undefined) await handOver(half, layout.uid);
  await rename(half, layout.cluster).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if (!(await exists(layout.cluster))) throw error;
  });
}

async function initdb(layout: Layout, directory: string, uid: number | undefined): Promise<void> {
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const args = ["-D", directory, "--username=baton", "--auth=trust", "--no-instructions", ...locale];
  try {
    const child = await run(layout, { program: "initdb", args, uid, detached: false });
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    if (child.exitCode !== 0) throw new Error(`initdb ended with ${child.exitCode ?? child.signalCode}`);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    if (cause instanceof StoreError) throw cause;
    const message = `The embedded database could not be set up. ${await lastWords(layout, 0)}`;
    throw new StoreError("DATABASE_SETUP_FAILED", message, { cause });
  }
}

/**
 * Until somebody's server answers: ours, or that of whoever was faster. PostgreSQL's own lock file decides whose; a
 * server that finds the directory taken ends at once, and we look again.
 */
async function joinOrLaunch(layout: Layout): Promise<pg.Client> {
  const deadline = Date.now() + patienceMs;
  let server: { readonly child: ChildProcess; readonly logFrom: number } | undefined;
  for (let round = 0; Date.now() < deadline; round += 1) {
    const keeper = await joinServer(layout);
    if (keeper) return keeper;
    if (server && hasEnded(server.child)) {
      await assertTaken(layout, server.logFrom);
      if (await retireMute(layout)) continue;
      server = undefined;
    }
    server ??= await launch(layout);
    await delay(Math.min(10 + round * 10, 250));
  }
  throw new StoreError("DATABASE_UNAVAILABLE", `The embedded database does not answer. ${await lastWords(layout, 0)}`);
}

/** A connection that holds the shared lock; undefined while no server takes one, for whatever reason. */
async function joinServer(layout: Layout): Promise<pg.Client | undefined> {
  const client = new pg.Client({ ...address(layout), application_name: "baton-presence" });
  client.on("error", () => {}); // every error ends the connection, and `end` is what is acted on
  try {
    await client.connect();
    // Waits while the last user shuts the server down, and fails with it.
    await client.query("select pg_advisory_lock_shared($1)", [presenceLock]);
    return client;
  } catch {
    client.end().catch(() => {});
    return undefined;
  }
}

async function launch(layout: Layout): Promise<{ readonly child: ChildProcess; readonly logFrom: number }> {
  await makeSocketDir(layout);
  const settings = {
    listen_addresses: "",
    unix_socket_directories: `"${layout.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: "0700",
    shared_buffers: "32MB",
    max_wal_size: "256MB",
    max_connections: "200",
    jit: "off",
  };
  const args = [
    "-D",
    layout.cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  const logFrom = (await tail(layout.logFile, 0)).end;
  // A session of its own: Ctrl-C in the terminal must reach the database after Baton is done with it, by `stop`.
  const child = await run(layout, { program: "postgres", args, uid: layout.uid, detached: true });
  child.unref();
  return { child, logFrom };
}

interface Program {
  readonly program: "initdb" | "postgres";
  readonly args: readonly string[];
  readonly uid: number | undefined;
  readonly detached: boolean;
}

/** Output goes to a file and not to us: a server that outlives us must not break on a closed pipe. */
async function run(layout: Layout, { program, args, uid, detached }: Program): Promise<ChildProcess> {
  const log = await open(layout.logFile, "a", 0o600);
  try {
    const env = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
    const options: SpawnOptions = { cwd: layout.dataDir, env, detached, stdio: ["ignore", log.fd, log.fd] };
    const child = spawn(join(layout.bin, program), args, uid === undefined ? options : { ...options, uid, gid: uid });
    await once(child, "spawn");
    return child;
  } catch (cause) {
    const message = `${join(layout.bin, program)} cannot be started${uid === undefined ? "" : ` as user ${uid}`}.`;
    throw new StoreError("DATABASE_SETUP_FAILED", message, { cause });
  } finally {
    await log.close();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A server that ended because the directory is in use is nothing to worry about; any other end is. */
async function assertTaken(layout: Layout, logFrom: number): Promise<void> {
  const { text } = await tail(layout.logFile, logFrom);
  if (/lock file ".*" already exists|pre-existing shared memory block|is empty/.test(text)) return;
  if (/received (fast|smart|immediate) shutdown request/.test(text)) return;
  throw new StoreError(
    "DATABASE_UNAVAILABLE",
    `The embedded database does not start. ${await lastWords(layout, logFrom)}`,
  );
}

/** A server whose socket was deleted can never be reached again: it is asked to end, so that another one can start. */
async function retireMute(layout: Layout): Promise<boolean> {
  const server = await readServerFile(layout.cluster);
  if (!server?.ready || (await exists(server.socket)) || !(await runsIn(server.pid, layout.cluster))) return false;
  process.kill(server.pid, "SIGINT");
  await ended(server.pid);
  return true;
}

async function leave(keeper: pg.Client, layout: Layout): Promise<void> {
  try {
    await keeper.query("select pg_advisory_unlock_shared($1)", [presenceLock]);
    const { rows } = await keeper.query<{ last: boolean }>("select pg_try_advisory_lock($1) as last", [presenceLock]);
    const server = rows[0]?.last ? await readServerFile(layout.cluster) : undefined;
    if (!server) return;
    process.kill(server.pid, "SIGINT");
    await ended(server.pid);
    if (!layout.socketDir.startsWith(layout.dataDir)) await rmdir(layout.socketDir).catch(() => {});
  } catch {
    // The server died on its own; there is nothing left to leave.
  } finally {
    keeper.end().catch(() => {});
  }
}

/** Waits for a fast shutdown (seconds at most on a sound disk), then no longer asks kindly. */
async function ended(pid: number): Promise<void> {
  for (const [signal, patience] of [
    ["SIGQUIT", 20_000],
    ["SIGKILL", 5_000],
  ] as const) {
    for (const since = Date.now(); Date.now() - since < patience; await delay(10)) {
      if (!(await isRunning(pid))) return;
    }
    process.kill(pid, signal);
  }
}

async function lastWords(layout: Layout, from: number): Promise<string> {
  const { text } = await tail(layout.logFile, from);
  return `${layout.logFile} ends with:\n${text.slice(-2000)}`;
}
