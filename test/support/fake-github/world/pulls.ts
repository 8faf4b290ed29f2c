import { isAncestor, pullStats, resolveRef } from "../git/history.ts";
import { mergeTree, updateRef } from "../git/merge.ts";
import { accountJson } from "../present/account.ts";
import { addIssue, tell } from "./issues.ts";
import type { Account, Act, PullIssue, Repository } from "./model.ts";
import { invalid, Refusal } from "./refusal.ts";
import { roleOf } from "./roles.ts";
import { moveThreads } from "./threads.ts";
import { fullName, isPull } from "./world.ts";

export interface NewPull {
  readonly act: Act;
  readonly title: string;
  readonly body: string;
  /** A branch of the repository, or `owner:branch`. */
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

/** Opens a pull request between two branches of the repository. @throws Refusal 422 for each reason GitHub has */
export async function openPull(repository: Repository, order: NewPull): Promise<PullIssue> {
  const { world } = repository;
  const headRef = order.head.replace(`${repository.owner.login}:`, "");
  const headSha = await resolveRef(repository.directory, `refs/heads/${headRef}`);
  const baseSha = await resolveRef(repository.directory, `refs/heads/${order.base}`);
  if (headSha === undefined) throw invalid({ resource: "PullRequest", field: "head", code: "invalid" });
  if (baseSha === undefined) throw invalid({ resource: "PullRequest", field: "base", code: "invalid" });
  mustBeNew(repository, headRef, order.base);
  if (await isAncestor(repository.directory, headSha, baseSha)) {
    throw refusedPull(`No commits between ${order.base} and ${headRef}`);
  }
  const stats = await pullStats(repository.directory, baseSha, headSha);
  const pull = {
    id: world.ids.next("pull"),
    headRef,
    baseRef: order.base,
    headSha,
    baseSha,
    draft: order.draft,
    mergedAt: undefined,
    mergedBy: undefined,
    mergeCommitSha: undefined,
    requestedReviewers: [],
    reviews: [],
    threads: [],
    mergeable: undefined,
    stats,
  };
  const issue = addIssue(repository, { ...order, pull }) as PullIssue;
  await updateRef(repository.directory, `refs/pull/${issue.number}/head`, headSha);
  tell(repository, issue, { act: order.act, action: "opened" });
  return issue;
}

/** Computes whether the pull request can be merged, as GitHub does after somebody asked. */
export async function computeMergeability(repository: Repository, issue: PullIssue): Promise<void> {
  const { pull } = issue;
  if (pull.mergeable !== undefined || issue.state === "closed") return;
  pull.mergeable = (await mergeTree(repository.directory, pull.baseSha, pull.headSha)) !== undefined;
}

/** Takes new commits of a pull request's branches into account. Mergeability is unknown again, and nobody is told. */
export async function refreshPull(
  repository: Repository,
  issue: PullIssue,
  shas: { readonly headSha?: string; readonly baseSha?: string },
): Promise<void> {
  const { pull } = issue;
  pull.headSha = shas.headSha ?? pull.headSha;
  pull.baseSha = shas.baseSha ?? pull.baseSha;
  pull.mergeable = undefined;
  pull.stats = await pullStats(repository.directory, pull.baseSha, pull.headSha);
  await updateRef(repository.directory, `refs/pull/${issue.number}/head`, pull.headSha);
  if (shas.headSha !== undefined) await moveThreads(repository, issue);
}

/** Makes it a draft or ready for review; nobody is told when it is so already. */
export function setDraft(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly to: "draft" | "ready" },
): void {
  const { act, to } = order;
  if (issue.pull.draft === (to === "draft")) return;
  issue.pull.draft = to === "draft";
  issue.updatedAt = repository.world.now();
  tell(repository, issue, { act, action: to === "draft" ? "converted_to_draft" : "ready_for_review" });
}

/** Moves a pull request to another base. @throws Refusal 422 when there is no such branch */
export async function changeBase(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly base: string },
): Promise<void> {
  const { base, act } = order;
  const from = { ref: { from: issue.pull.baseRef }, sha: { from: issue.pull.baseSha } };
  if (base === issue.pull.baseRef) return;
  const baseSha = await resolveRef(repository.directory, `refs/heads/${base}`);
  if (baseSha === undefined) throw invalid({ resource: "PullRequest", field: "base", code: "invalid" });
  issue.pull.baseRef = base;
  await refreshPull(repository, issue, { baseSha });
  tell(repository, issue, { act, action: "edited", more: { changes: { base: from } } });
}

/** Asks people for a review. @throws Refusal 422 for the author and for strangers */
export function requestReviewers(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly logins: readonly string[] },
): void {
  const { world } = repository;
  const accounts = order.logins.map((login) => reviewer(repository, issue, login));
  for (const account of accounts) {
    if (issue.pull.requestedReviewers.includes(account)) continue;
    issue.pull.requestedReviewers.push(account);
    issue.updatedAt = world.now();
    const more = { requested_reviewer: accountJson(world, account) };
    tell(repository, issue, { act: order.act, action: "review_requested", more });
  }
}

/** 422 with a sentence, as GitHub words its refusals of pull requests. */
export function refusedPull(message: string): Refusal {
  return invalid({ resource: "PullRequest", code: "custom", message });
}

function reviewer(repository: Repository, issue: PullIssue, login: string): Account {
  const { world } = repository;
  const account = world.accounts.get(login.toLowerCase());
  if (account !== undefined && account === issue.author) {
    throw new Refusal(422, "Review cannot be requested from pull request author.");
  }
  const isKnown = account !== undefined && account.type === "User" && repository.people.has(account.id);
  if (!isKnown || roleOf(repository, account) === undefined) {
    const sentence =
      "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the";
    throw new Refusal(422, `${sentence} ${fullName(repository)} repository.`);
  }
  return account;
}

function mustBeNew(repository: Repository, headRef: string, base: string): void {
  const twin = repository.issues.find(
    (issue) => isPull(issue) && issue.state === "open" && issue.pull.headRef === headRef && issue.pull.baseRef === base,
  );
  if (twin !== undefined) throw refusedPull(`A pull request already exists for ${repository.owner.login}:${headRef}.`);
}
