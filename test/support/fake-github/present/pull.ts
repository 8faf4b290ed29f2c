import { nodeId } from "../world/ids.ts";
import type { JsonObject, PullIssue, Repository } from "../world/model.ts";
import { accountJson, iso, isoOrNull } from "./account.ts";
import { association, issuePage } from "./issue.ts";
import { labelJson } from "./label.ts";
import { repositoryJson, repositoryUrl } from "./repository.ts";

/** A pull request with everything the single answer and the webhooks show. */
export function pullJson(repository: Repository, issue: PullIssue): JsonObject {
  const { world } = repository;
  const { pull } = issue;
  return {
    ...pullSummaryJson(repository, issue),
    merged: pull.mergedAt !== undefined,
    mergeable: pull.mergeable ?? null,
    rebaseable: pull.mergeable ?? null,
    mergeable_state: mergeableState(repository, issue),
    merged_by: pull.mergedBy ? accountJson(world, pull.mergedBy) : null,
    comments: issue.comments.length,
    review_comments: pull.threads.reduce((sum, thread) => sum + thread.comments.length, 0),
    maintainer_can_modify: false,
    commits: pull.stats.commits,
    additions: pull.stats.additions,
    deletions: pull.stats.deletions,
    changed_files: pull.stats.changedFiles,
  };
}

/** A pull request as lists show it. */
export function pullSummaryJson(repository: Repository, issue: PullIssue): JsonObject {
  const { world } = repository;
  const { pull } = issue;
  return {
    ...links(repository, issue),
    id: pull.id,
    node_id: nodeId("PR", pull.id),
    number: issue.number,
    state: issue.state,
    locked: false,
    title: issue.title,
    user: accountJson(world, issue.author),
    body: issue.body === "" ? null : issue.body,
    created_at: iso(issue.createdAt),
    updated_at: iso(issue.updatedAt),
    closed_at: isoOrNull(issue.closedAt),
    merged_at: isoOrNull(pull.mergedAt),
    merge_commit_sha: pull.mergeCommitSha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.requestedReviewers.map((account) => accountJson(world, account)),
    requested_teams: [],
    labels: issue.labels.map((label) => labelJson(repository, label)),
    milestone: null,
    draft: pull.draft,
    head: endJson(repository, { ref: pull.headRef, sha: pull.headSha }),
    base: endJson(repository, { ref: pull.baseRef, sha: pull.baseSha }),
    author_association: association(repository, issue.author),
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** The word next to `mergeable`; `unknown` until it was computed. */
export function mergeableState(repository: Repository, issue: PullIssue): string {
  const { pull } = issue;
  if (pull.mergeable === undefined || issue.state === "closed") return "unknown";
  if (!pull.mergeable) return "dirty";
  if (pull.draft) return "draft";
  const checks = repository.checkRuns.filter((check) => check.headSha === pull.headSha);
  const isGood = (conclusion: string | null): boolean => ["success", "neutral", "skipped"].includes(conclusion ?? "");
  return checks.every((check) => isGood(check.conclusion)) ? "clean" : "unstable";
}

function endJson(repository: Repository, end: { readonly ref: string; readonly sha: string }): JsonObject {
  const { world } = repository;
  return {
    label: `${repository.owner.login}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user: accountJson(world, repository.owner),
    repo: {
      ...repositoryJson(repository),
      allow_auto_merge: false,
      allow_merge_commit: true,
      allow_rebase_merge: true,
      allow_squash_merge: true,
      allow_update_branch: false,
      delete_branch_on_merge: false,
    },
  };
}

function links(repository: Repository, issue: PullIssue): JsonObject {
  const api = repositoryUrl(repository);
  const url = `${api}/pulls/${issue.number}`;
  const page = issuePage(repository, issue);
  const addresses = {
    html_url: page,
    issue_url: `${api}/issues/${issue.number}`,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${api}/pulls/comments{/number}`,
    comments_url: `${api}/issues/${issue.number}/comments`,
    statuses_url: `${api}/statuses/${issue.pull.headSha}`,
  };
  return {
    url,
    ...addresses,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: addresses.issue_url },
      comments: { href: addresses.comments_url },
      review_comments: { href: addresses.review_comments_url },
      review_comment: { href: addresses.review_comment_url },
      commits: { href: addresses.commits_url },
      statuses: { href: addresses.statuses_url },
    },
  };
}
