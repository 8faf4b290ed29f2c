import { randomBytes } from "node:crypto";
import { access, chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { requireRepositoryId, requireRunId } from "./names.ts";

/** Names one run's quarantine. */
export interface RunKey {
  readonly repositoryId: number;
  readonly runId: string;
}

/** Where the app's own bare repositories are. All paths come from numbers and checked run ids. */
export interface Places {
  /** The repository's mirror, made when missing. @returns its git directory */
  mirror(repositoryId: number): Promise<string>;
  /** A fresh quarantine for this run; an older one is removed. @returns its git directory */
  freshQuarantine(key: RunKey): Promise<string>;
  /** The run's quarantine, made when missing. @returns its git directory */
  quarantine(key: RunKey): Promise<string>;
  /** An empty repository for commands that need none. @returns its git directory */
  nowhere(): Promise<string>;
  /** Removes a run's quarantine; nothing happens when there is none. */
  forget(key: RunKey): Promise<void>;
  /**
   * Removes what a crash leaves: every quarantine, repositories half made, and in mirrors the locks and half-received
   * packs of a git that died. Only while nothing is at work here: a lock that somebody holds must stay.
   */
  clearLeft(): Promise<void>;
}

/**
 * Lays the repositories out below `<dataDir>/git`.
 *
 * Modes: a sandboxed process of another user reads objects, so each repository is 0755/0644 whatever the umask. The
 * directories above are 0711 when we are root (passable, not listable) and 0700 otherwise, where the sandbox has our
 * own user id. Nothing secret is ever written below.
 */
export function placesIn(dataDir: string): Places {
  const root = join(dataDir, "git");
  const mirrorPath = (id: number) => join(root, "mirrors", `${requireRepositoryId(id)}.git`);
  const runPath = (key: RunKey) =>
    join(root, "quarantine", `${requireRepositoryId(key.repositoryId)}-${requireRunId(key.runId)}.git`);

  async function bare(path: string, alternate?: string): Promise<string> {
    if (await exists(path)) return path;
    for (const above of [root, join(root, "mirrors"), join(root, "quarantine")]) await directory(above, aboveMode());
    await makeBare(path, alternate);
    return path;
  }

  const places: Places = {
    mirror: (repositoryId) => bare(mirrorPath(repositoryId)),
    nowhere: () => bare(join(root, "empty.git")),
    async quarantine(key) {
      return bare(runPath(key), join(await places.mirror(key.repositoryId), "objects"));
    },
    async freshQuarantine(key) {
      await places.forget(key);
      return places.quarantine(key);
    },
    forget: (key) => removeWithDrafts(runPath(key)),
    async clearLeft() {
      await rm(join(root, "quarantine"), { recursive: true, force: true });
      const mirrors = join(root, "mirrors");
      const found = await readdir(mirrors, { recursive: true }).catch(() => []);
      const left = found.filter((path) => !/^\d+\.git(\/|$)/.test(path) || /\.lock$|\/tmp_[^/]*$/.test(path));
      await Promise.all(left.map((path) => rm(join(mirrors, path), { recursive: true, force: true })));
    },
  };
  return places;
}

/** A bare repository needs six files and directories; writing them ourselves means no template and no hooks. */
async function makeBare(path: string, alternate: string | undefined): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  for (const part of ["", "objects", "objects/info", "objects/pack", "refs", "refs/heads"]) {
    await directory(join(draft, part), 0o755);
  }
  await file(join(draft, "HEAD"), "ref: refs/heads/main\n");
  await file(
    join(draft, "config"),
    "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tsharedRepository = 0644\n\tlogAllRefUpdates = false\n",
  );
  if (alternate) await file(join(draft, "objects/info/alternates"), `${alternate}\n`);
  try {
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(path))) throw error;
  }
}

/** Removes a repository and what a crash left of its making. */
async function removeWithDrafts(path: string): Promise<void> {
  const [above, name] = [dirname(path), basename(path)];
  const names = await readdir(above).catch(() => []);
  const ours = names.filter((other) => other === name || other.startsWith(`${name}.`));
  await Promise.all(ours.map((other) => rm(join(above, other), { recursive: true, force: true })));
}

function aboveMode(): number {
  return process.getuid?.() === 0 ? 0o711 : 0o700;
}

async function directory(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
}

async function file(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
