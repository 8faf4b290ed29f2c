import { callGit, GitError, mustGit } from "./call-git.ts";
import { requireSha } from "./names.ts";

/** An object as `git cat-file --batch` gives it. */
export interface GitObject {
  readonly type: string;
  readonly body: Buffer;
}

/**
 * git refuses to load anything bigger than this into memory, delta bombs included. (Whole blobs above 512 MiB are
 * streamed by git; their size is judged later, without loading them.)
 */
export const objectLimits: Readonly<Record<string, string>> = { GIT_ALLOC_LIMIT: "256m" };

/**
 * Reads several objects by name in one call.
 * @returns what was found, by object name; undefined when together they are above `maxBytes`
 * @throws GitError when an object is missing or unreadable
 */
export async function readObjects(
  gitDir: string,
  shas: readonly string[],
  maxBytes: number,
): Promise<ReadonlyMap<string, GitObject> | undefined> {
  if (shas.length === 0) return new Map();
  const input = `${shas.map(requireSha).join("\n")}\n`;
  const answer = await callGit({
    gitDir,
    args: ["cat-file", "--batch"],
    input,
    maxOutput: maxBytes,
    env: objectLimits,
  });
  if (answer.cut === "output") return undefined;
  if (answer.cut || answer.code !== 0) throw new GitError("Objects could not be read.");
  return parseBatch(answer.stdout);
}

/**
 * Asks for the type and size of objects; `names` may be anything `git cat-file` understands, one line each.
 * @returns for each name, in order: its object name, type and size in bytes, or undefined when there is no such object
 */
export async function statObjects(
  gitDir: string,
  names: readonly string[],
): Promise<readonly ({ readonly sha: string; readonly type: string; readonly size: number } | undefined)[]> {
  if (names.length === 0) return [];
  const output = await mustGit({ gitDir, args: ["cat-file", "--batch-check"], input: `${names.join("\n")}\n` });
  return output
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, sha, type, size] = /^([0-9a-f]{40}) (\w+) (\d+)$/.exec(line) ?? [];
      return sha && type && size ? { sha, type, size: Number(size) } : undefined;
    });
}

/**
 * Resolves a commit to its tree.
 * @returns the tree's name, or undefined when there is no such commit here
 */
export async function treeOf(gitDir: string, commit: string): Promise<string | undefined> {
  const [found, tree] = await statObjects(gitDir, [requireSha(commit), `${commit}^{tree}`]);
  return found?.type === "commit" ? tree?.sha : undefined;
}

function parseBatch(output: Buffer): ReadonlyMap<string, GitObject> {
  const objects = new Map<string, GitObject>();
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(10, at);
    const [sha = "", type = "", size = ""] = output.subarray(at, end).toString("latin1").split(" ");
    if (end < 0 || !/^\d+$/.test(size)) throw new GitError("Objects could not be read.");
    const body = output.subarray(end + 1, end + 1 + Number(size));
    objects.set(sha, { type, body });
    at = end + 1 + Number(size) + 1;
  }
  return objects;
}
