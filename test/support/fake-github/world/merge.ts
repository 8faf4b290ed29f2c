import { mergeTree, updateRef, writeCommit } from "../git/merge.ts";
import { closeIssue } from "./issues.ts";
import type { Act, PullIssue, Repository } from "./model.ts";
import { afterRefsMoved, closeMentioned } from "./pushes.ts";
import { Refusal } from "./refusal.ts";

export interface MergeOrder {
  readonly act: Act;
  readonly method: "merge" | "squash";
  /** The head the caller has seen; the merge is refused when it moved. */
  readonly sha: string | undefined;
}

/**
 * Merges a pull request with a real commit; its base branch moves, and issues it closes are closed.
 *
 * @throws Refusal 405 when it cannot be merged, 409 when its head is another one than the caller thinks
 */
export async function mergePull(repository: Repository, issue: PullIssue, order: MergeOrder): Promise<string> {
  const { world } = repository;
  const { pull } = issue;
  if (pull.draft) throw new Refusal(405, "Pull Request is still a draft");
  if (issue.state === "closed") throw new Refusal(405, "Pull Request is not mergeable");
  if (order.sha !== undefined && order.sha !== pull.headSha) {
    throw new Refusal(409, "Head branch was modified. Review and try the merge again.");
  }
  const tree = await mergeTree(repository.directory, pull.baseSha, pull.headSha);
  if (tree === undefined) throw new Refusal(405, "Pull Request is not mergeable");
  const before = pull.baseSha;
  const sha = await writeCommit(repository.directory, {
    tree,
    parents: order.method === "merge" ? [before, pull.headSha] : [before],
    message: messageOf(repository, issue, order.method),
    by: order.act.by,
    at: world.now(),
  });
  await updateRef(repository.directory, `refs/heads/${pull.baseRef}`, sha);
  markMerged(repository, issue, { act: order.act, sha });
  await afterRefsMoved(repository, {
    act: order.act,
    moved: [{ ref: `refs/heads/${pull.baseRef}`, before, after: sha }],
  });
  return sha;
}

/** Records that a pull request's commits are in its base, by whatever way they got there. */
export function markMerged(
  repository: Repository,
  issue: PullIssue,
  merge: { readonly act: Act; readonly sha: string },
): void {
  const { world } = repository;
  const { act, sha } = merge;
  issue.pull.mergedAt = world.now();
  issue.pull.mergedBy = act.by;
  issue.pull.mergeCommitSha = sha;
  issue.pull.mergeable = undefined;
  closeIssue(repository, issue, { act });
  if (issue.pull.baseRef === repository.defaultBranch) closeMentioned(repository, { act, text: issue.body });
}

function messageOf(repository: Repository, issue: PullIssue, method: MergeOrder["method"]): string {
  if (method === "squash") return `${issue.title} (#${issue.number})`;
  return `Merge pull request #${issue.number} from ${repository.owner.login}/${issue.pull.headRef}\n\n${issue.title}`;
}
