import { callGit, type GitAnswer, GitError, lastLine, mustGit } from "./call-git.ts";
import { identityOf } from "./commit.ts";
import { requireSha } from "./names.ts";
import type { Places, RunKey } from "./places.ts";
import { isAncestor } from "./quarantine.ts";
import { objectLimits } from "./read-objects.ts";
import { shownPath } from "./suspicious-names.ts";

export interface MergeOptions extends RunKey {
  /** Our commit, in this run's quarantine. */
  readonly ours: string;
  /** Where our branch is on the remote by now; fetched. */
  readonly theirs: string;
  /** Where the branch was when our work began; undefined: nowhere, so there is nothing to merge with. */
  readonly startedFrom: string | undefined;
  readonly message: string;
}

export type MergeResult =
  /** The branch has our commit already. */
  | { readonly kind: "contained" }
  /** Both together, as a new commit in the quarantine that builds on theirs. */
  | { readonly kind: "merged"; readonly headSha: string }
  /**
   * Both changed the same. `paths` are cleaned and in code marks; empty when git gave up on the size of it all.
   */
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  /** The branch no longer builds on what we started from: somebody rewrote it. */
  | { readonly kind: "rewritten" };

/**
 * Joins our commit with what people pushed to our branch meanwhile. It happens among objects: nothing is checked out,
 * no attributes, drivers or hooks of the repository are read, and no rerere. Person and time are taken from our commit,
 * so that the same two commits always make the same third one, on every machine and in every try.
 * @throws GitError when a commit is missing
 */
export async function mergeOnto(places: Places, options: MergeOptions): Promise<MergeResult> {
  const gitDir = await places.quarantine(options);
  const [ours, theirs] = [requireSha(options.ours), requireSha(options.theirs)];
  if (await isAncestor(gitDir, ours, theirs)) return { kind: "contained" };
  const { startedFrom } = options;
  if (startedFrom === undefined || !(await isAncestor(gitDir, startedFrom, theirs))) return { kind: "rewritten" };
  const answer = await callGit({
    gitDir,
    args: ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", theirs, ours],
    env: objectLimits,
  });
  const [tree = "", ...paths] = answer.stdout.toString("utf8").split("\0").filter(Boolean);
  if (isTooMuch(answer)) return { kind: "conflict", paths: [] };
  if (answer.code === 1) return { kind: "conflict", paths: [...new Set(paths)].map(shownPath) };
  if (answer.code !== 0) throw new GitError(`git merge-tree failed: ${lastLine(answer.stderr)}`);
  return { kind: "merged", headSha: await writeMerge(gitDir, { ...options, tree: requireSha(tree) }) };
}

/** Too long, too many conflicts to list, or beyond the memory git may use. */
function isTooMuch({ cut, code, stderr }: GitAnswer): boolean {
  return cut !== undefined || (code > 1 && /attempting to allocate|out of memory/i.test(stderr));
}

async function writeMerge(
  gitDir: string,
  { ours, theirs, tree, message }: MergeOptions & { readonly tree: string },
): Promise<string> {
  const show = ["rev-list", "--no-commit-header", "--max-count=1", "--format=%cn%n%ce%n%ct", ours];
  const [name = "", email = "", seconds = ""] = (await mustGit({ gitDir, args: show })).toString("utf8").split("\n");
  const written = await mustGit({
    gitDir,
    args: ["commit-tree", tree, "-p", theirs, "-p", ours],
    input: `${message.replaceAll("\0", "").trimEnd()}\n`,
    env: identityOf({ author: { name, email }, at: Number(seconds) * 1000 }),
  });
  return requireSha(written.toString("utf8").trim());
}
