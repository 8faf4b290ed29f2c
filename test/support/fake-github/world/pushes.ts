import { isAncestor } from "../git/history.ts";
import { pushJson } from "../present/push.ts";
import { closeIssue, tell } from "./issues.ts";
import { markMerged } from "./merge.ts";
import type { Act, PullIssue, Repository } from "./model.ts";
import { refreshPull } from "./pulls.ts";
import { isPull } from "./world.ts";

export const NO_SHA = "0".repeat(40);
const CLOSING = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b/gi;

/** A branch or tag that points elsewhere than before. Forty zeros stand for nothing. */
export interface MovedRef {
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

/** What differs between two lists of refs. */
export function movedRefs(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): MovedRef[] {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .map((ref) => ({ ref, before: before.get(ref) ?? NO_SHA, after: after.get(ref) ?? NO_SHA }))
    .filter((moved) => moved.before !== moved.after);
}

/** Lets GitHub notice moved refs: `push` and `pull_request` webhooks, merged pull requests, closed issues. */
export async function afterRefsMoved(
  repository: Repository,
  push: { readonly act: Act; readonly moved: readonly MovedRef[] },
): Promise<void> {
  const { world } = repository;
  if (push.moved.length === 0) return;
  repository.pushedAt = world.now();
  const tags = push.moved.filter((moved) => moved.ref.startsWith("refs/tags/"));
  for (const moved of push.moved) {
    // GitHub makes no push event at all for a push of more than three tags.
    if (!tags.includes(moved) || tags.length <= 3) await tellPush(repository, { act: push.act, moved });
    if (moved.ref.startsWith("refs/heads/")) await updatePulls(repository, { act: push.act, moved });
  }
}

/** Closes the issues that a text names with one of GitHub's closing words. */
export function closeMentioned(repository: Repository, order: { readonly act: Act; readonly text: string }): void {
  for (const [, number] of order.text.matchAll(CLOSING)) {
    const issue = repository.issues.find((candidate) => candidate.number === Number(number) && !isPull(candidate));
    if (issue !== undefined) closeIssue(repository, issue, { act: order.act });
  }
}

type One = { readonly act: Act; readonly moved: MovedRef };

async function tellPush(repository: Repository, { act, moved }: One): Promise<void> {
  const { world } = repository;
  const body = await pushJson(repository, { by: act.by, ...moved });
  world.announce({
    act,
    event: "push",
    action: undefined,
    repository,
    installation: world.installationOf(repository),
    body,
  });
  if (moved.ref !== `refs/heads/${repository.defaultBranch}`) return;
  const commits = body.commits as unknown as readonly { readonly message: string }[];
  for (const commit of commits) closeMentioned(repository, { act, text: commit.message });
}

async function updatePulls(repository: Repository, { act, moved }: One): Promise<void> {
  const branch = moved.ref.slice("refs/heads/".length);
  for (const issue of repository.issues) {
    if (!isPull(issue) || issue.state === "closed") continue;
    if (issue.pull.headRef === branch) await headMoved(repository, issue, { act, moved });
    else if (issue.pull.baseRef === branch) await baseMoved(repository, issue, { act, moved });
  }
}

async function headMoved(repository: Repository, issue: PullIssue, { act, moved }: One): Promise<void> {
  const { world } = repository;
  if (moved.after === NO_SHA) return closeIssue(repository, issue, { act });
  await refreshPull(repository, issue, { headSha: moved.after });
  issue.updatedAt = world.now();
  const more = { before: moved.before, after: moved.after };
  tell(repository, issue, { act, action: "synchronize", more });
}

async function baseMoved(repository: Repository, issue: PullIssue, { act, moved }: One): Promise<void> {
  if (moved.after === NO_SHA) return closeIssue(repository, issue, { act });
  if (await isAncestor(repository.directory, issue.pull.headSha, moved.after)) {
    return markMerged(repository, issue, { act, sha: moved.after });
  }
  await refreshPull(repository, issue, { baseSha: moved.after });
}
