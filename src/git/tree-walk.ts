import { GitError } from "./call-git.ts";
import { readObjects } from "./read-objects.ts";

/** One line of a tree. */
export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  /** The name's bytes, one character each: two names that are not UTF-8 may read the same. */
  readonly key: string;
  /** Whether `name` is exactly what is stored; otherwise it has replacement characters in it. */
  readonly isText: boolean;
  readonly sha: string;
}

/** A path that is not the same in both commits. Renames are a deletion and an addition. */
export interface Change {
  readonly path: string;
  readonly before?: TreeEntry;
  readonly after?: TreeEntry;
}

/** A directory whose entries differ; `before` is empty for a new one. */
export interface ChangedDirectory {
  readonly path: string;
  readonly before: readonly TreeEntry[];
  readonly after: readonly TreeEntry[];
}

export interface WalkLimits {
  readonly files: number;
  /** Tree entries looked at, on both sides. */
  readonly entries: number;
}

export interface Walk {
  readonly changes: readonly Change[];
  readonly directories: readonly ChangedDirectory[];
  /** The walk stopped here; `changes` and `directories` are what was seen until then. */
  readonly stopped?: "files" | "entries" | "depth";
}

interface Pair {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const maxDepth = 100;
const treesAtOnce = 256;
const maxTreeBytes = 64 * 1024 * 1024;

/**
 * Compares two trees, reading only directories that differ. It stops as soon as a limit is passed, so a "git bomb" (a
 * few objects that unfold into millions of paths) costs no more than the limit allows (T26).
 * @throws GitError when a tree is broken
 */
export async function walkTrees(
  gitDir: string,
  trees: { readonly before: string; readonly after: string },
  limits: WalkLimits,
): Promise<Walk> {
  const changes: Change[] = [];
  const directories: ChangedDirectory[] = [];
  let seen = 0;
  let level: Pair[] = trees.before === trees.after ? [] : [{ path: "", ...trees }];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return { changes, directories, stopped: "depth" };
    const next: Pair[] = [];
    for (let at = 0; at < level.length; at += treesAtOnce) {
      const pairs = level.slice(at, at + treesAtOnce);
      const read = await readTrees(gitDir, pairs);
      if (!read) return { changes, directories, stopped: "entries" };
      for (const pair of pairs) {
        const directory = { path: pair.path, before: read(pair.before), after: read(pair.after) };
        seen += directory.before.length + directory.after.length;
        if (seen > limits.entries) return { changes, directories, stopped: "entries" };
        directories.push(directory);
        compare(directory, changes, next);
        if (changes.length > limits.files) {
          return { changes: changes.slice(0, limits.files), directories, stopped: "files" };
        }
      }
    }
    level = next;
  }
  return { changes, directories };
}

/** Git's mode of a directory, a symlink and a submodule. */
export const modes = { directory: "40000", symlink: "120000", submodule: "160000" } as const;

async function readTrees(gitDir: string, pairs: readonly Pair[]) {
  const wanted = pairs.flatMap(({ before, after }) => [before, after]).filter((sha) => sha !== undefined);
  const objects = await readObjects(gitDir, [...new Set(wanted)], maxTreeBytes);
  if (!objects) return undefined;
  return (sha: string | undefined): readonly TreeEntry[] => {
    if (sha === undefined) return [];
    const tree = objects.get(sha);
    if (tree?.type !== "tree") throw new GitError("A tree is missing.");
    return parseTree(tree.body);
  };
}

function parseTree(body: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const end = body.indexOf(0, space);
    if (space < 0 || end < 0 || end + 21 > body.length) throw new GitError("A tree is broken.");
    const mode = body.subarray(at, space).toString("latin1").replace(/^0+/, "");
    const sha = body.subarray(end + 1, end + 21).toString("hex");
    entries.push({ mode, ...named(body.subarray(space + 1, end)), sha });
    at = end + 21;
  }
  return entries;
}

function named(bytes: Buffer): Pick<TreeEntry, "name" | "key" | "isText"> {
  const name = bytes.toString("utf8");
  return { name, key: bytes.toString("latin1"), isText: Buffer.from(name).equals(bytes) };
}

/** The path of a name in a directory; the root's own path is empty. */
export function pathIn(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

/** Adds the differing files of one directory to `changes` and its differing subdirectories to `next`. */
function compare(directory: ChangedDirectory, changes: Change[], next: Pair[]): void {
  const before = new Map(directory.before.map((entry) => [entry.key, entry]));
  const after = new Map(directory.after.map((entry) => [entry.key, entry]));
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(key), after.get(key)];
    if (old && now && old.sha === now.sha && old.mode === now.mode) continue;
    const path = pathIn(directory.path, (now ?? old)?.name ?? "");
    const [oldTree, nowTree] = [treeOf(old), treeOf(now)];
    if (oldTree ?? nowTree) next.push({ path, before: oldTree, after: nowTree });
    const change = { path, ...(old && !oldTree && { before: old }), ...(now && !nowTree && { after: now }) };
    if (change.before || change.after) changes.push(change);
  }
}

function treeOf(entry: TreeEntry | undefined): string | undefined {
  return entry?.mode === modes.directory ? entry.sha : undefined;
}
