import { nodeId } from "../world/ids.ts";
import type { Account, Comment, Issue, JsonObject, Repository } from "../world/model.ts";
import { isPull, type World } from "../world/world.ts";
import { accountJson, iso, isoOrNull } from "./account.ts";
import { appJson } from "./app.ts";
import { labelJson, reactionRollup } from "./label.ts";
import { repositoryPage, repositoryUrl } from "./repository.ts";

/** An issue or the issue half of a pull request. */
export function issueJson(repository: Repository, issue: Issue): JsonObject {
  const { world } = repository;
  const url = `${repositoryUrl(repository)}/issues/${issue.number}`;
  return {
    url,
    repository_url: repositoryUrl(repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: issuePage(repository, issue),
    timeline_url: `${url}/timeline`,
    id: issue.id,
    node_id: issueNodeId(issue),
    number: issue.number,
    title: issue.title,
    body: issue.body === "" ? null : issue.body,
    user: accountJson(world, issue.author),
    author_association: association(repository, issue.author),
    labels: issue.labels.map((label) => labelJson(repository, label)),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: false,
    active_lock_reason: null,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: issue.comments.length,
    created_at: iso(issue.createdAt),
    updated_at: iso(issue.updatedAt),
    closed_at: isoOrNull(issue.closedAt),
    reactions: reactionRollup(url, issue.reactions),
    performed_via_github_app: performedVia(world, issue.author),
    ...pullLinks(repository, issue),
  };
}

/** The single-issue answer, which also says who closed it. */
export function fullIssueJson(repository: Repository, issue: Issue): JsonObject {
  const { world } = repository;
  return {
    ...issueJson(repository, issue),
    closed_by: issue.closedBy ? accountJson(world, issue.closedBy) : null,
  };
}

export function commentJson(
  repository: Repository,
  place: { readonly issue: Issue; readonly comment: Comment },
): JsonObject {
  const { world } = repository;
  const { issue, comment } = place;
  const url = `${repositoryUrl(repository)}/issues/comments/${comment.id}`;
  return {
    url,
    html_url: `${issuePage(repository, issue)}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(repository)}/issues/${issue.number}`,
    id: comment.id,
    node_id: nodeId("IC", comment.id),
    user: accountJson(world, comment.author),
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
    author_association: association(repository, comment.author),
    body: comment.body,
    reactions: reactionRollup(url, comment.reactions),
    performed_via_github_app: performedVia(world, comment.author),
  };
}

/** Address of the page of an issue or a pull request. */
export function issuePage(repository: Repository, issue: Issue): string {
  return `${repositoryPage(repository)}/${isPull(issue) ? "pull" : "issues"}/${issue.number}`;
}

export function issueNodeId(issue: Issue): string {
  return isPull(issue) ? nodeId("PR", issue.pull.id) : nodeId("I", issue.id);
}

/** How GitHub names somebody's relation to a repository. */
export function association(repository: Repository, account: Account): "OWNER" | "COLLABORATOR" | "NONE" {
  if (account === repository.owner) return "OWNER";
  return repository.people.has(account.id) ? "COLLABORATOR" : "NONE";
}

function performedVia(world: World, author: Account): JsonObject | null {
  if (author !== world.bot) return null;
  const app = appJson(world);
  // GitHub's schema of this place does not know the two newest events.
  const events = Array.isArray(app.events)
    ? app.events.filter((name) => name !== "sub_issues" && name !== "issue_dependencies")
    : [];
  return { ...app, events };
}

function pullLinks(repository: Repository, issue: Issue): JsonObject {
  if (!isPull(issue)) return {};
  const page = issuePage(repository, issue);
  return {
    draft: issue.pull.draft,
    pull_request: {
      url: `${repositoryUrl(repository)}/pulls/${issue.number}`,
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      merged_at: isoOrNull(issue.pull.mergedAt),
    },
  };
}
