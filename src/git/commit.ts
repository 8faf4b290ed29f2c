import { GitError, mustGit } from "./call-git.ts";
import { requireSha } from "./names.ts";
import type { Places, RunKey } from "./places.ts";
import { pointHeadAt } from "./quarantine.ts";
import { statObjects, treeOf } from "./read-objects.ts";

export interface CommitOptions extends RunKey {
  /** Only its tree is taken: no message, author or history of the agent's commits is published (T27). */
  readonly tip: string;
  /** The recorded head and, for a base round, the recorded base. */
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Time of the commit in milliseconds since 1970: the same input gives the same commit. */
  readonly at: number;
}

/**
 * Writes the app's own commit of a judged tree into the run's quarantine.
 * @throws GitError when the tip or a parent is missing there
 */
export async function commit(places: Places, options: CommitOptions): Promise<{ readonly headSha: string }> {
  const gitDir = await places.quarantine(options);
  const tree = await treeOf(gitDir, options.tip);
  if (!tree) throw new GitError("The commit to publish is not in this run's quarantine.");
  const parents = options.parents.map(requireSha);
  const found = await statObjects(gitDir, parents);
  if (found.some((parent) => parent?.type !== "commit")) throw new GitError("A parent is not a commit we have.");
  const written = await mustGit({
    gitDir,
    args: ["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])],
    input: `${options.message.replaceAll("\0", "").trimEnd()}\n`,
    env: identityOf(options),
  });
  const headSha = requireSha(written.toString("utf8").trim());
  await pointHeadAt(gitDir, headSha);
  return { headSha };
}

/** What makes a commit's person and time independent of machine and clock. */
export function identityOf({ author, at }: Pick<CommitOptions, "author" | "at">): Record<string, string> {
  const date = `@${Math.floor(at / 1000)} +0000`;
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_COMMITTER_DATE: date,
  };
}
