import type { Account } from "../world/model.ts";
import { emailOf } from "./commits.ts";
import { gitText, runGit } from "./git.ts";

/** The tree that a merge of two commits gives, or undefined when they conflict. */
export async function mergeTree(directory: string, base: string, head: string): Promise<string | undefined> {
  const { code, stdout } = await runGit(directory, ["merge-tree", "--write-tree", base, head], { codes: [1] });
  return code === 0 ? stdout.toString().trim().split("\n")[0] : undefined;
}

export interface MergeCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly by: Account;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Writes a commit object. No branch moves. */
export async function writeCommit(directory: string, commit: MergeCommit): Promise<string> {
  const at = `${Math.floor(commit.at / 1000)} +0000`;
  const env = {
    GIT_AUTHOR_NAME: commit.by.login,
    GIT_AUTHOR_EMAIL: emailOf(commit.by),
    GIT_AUTHOR_DATE: at,
    GIT_COMMITTER_NAME: "GitHub",
    GIT_COMMITTER_EMAIL: "noreply@github.com",
    GIT_COMMITTER_DATE: at,
  };
  const parents = commit.parents.flatMap((parent) => ["-p", parent]);
  return gitText(directory, ["commit-tree", commit.tree, ...parents], { env, input: `${commit.message}\n` });
}

/** Points a ref at a commit. */
export async function updateRef(directory: string, ref: string, sha: string): Promise<void> {
  await runGit(directory, ["update-ref", ref, sha]);
}

/** Removes a ref. */
export async function deleteRef(directory: string, ref: string): Promise<void> {
  await runGit(directory, ["update-ref", "-d", ref]);
}
