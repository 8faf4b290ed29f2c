import { nodeId } from "../world/ids.ts";
import type { Account, JsonObject, Repository } from "../world/model.ts";
import { legacyPermission, roleOf } from "../world/roles.ts";
import { fullName } from "../world/world.ts";
import { accountJson, apiUrl, iso } from "./account.ts";

const TEMPLATES: Readonly<Record<string, string>> = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
};

/** REST address of a repository. */
export function repositoryUrl(repository: Repository): string {
  const { world } = repository;
  return `${apiUrl(world)}/repos/${fullName(repository)}`;
}

/** Address of a repository's page. */
export function repositoryPage(repository: Repository): string {
  const { world } = repository;
  return `${world.origin}/${fullName(repository)}`;
}

/** A repository with every field that any of GitHub's shapes of it asks for. */
export function repositoryJson(repository: Repository): JsonObject {
  const url = repositoryUrl(repository);
  const page = repositoryPage(repository);
  return {
    ...identity(repository),
    url,
    html_url: page,
    ...Object.fromEntries(Object.entries(TEMPLATES).map(([name, path]) => [name, url + path])),
    git_url: page.replace(/^http/, "git").concat(".git"),
    ssh_url: `git@127.0.0.1:${fullName(repository)}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    mirror_url: null,
    homepage: null,
    language: null,
    ...counters(repository),
    ...settings(repository),
    created_at: iso(repository.createdAt),
    updated_at: iso(repository.pushedAt),
    pushed_at: iso(repository.pushedAt),
  };
}

/** A repository as the full answer of `GET /repos/{owner}/{repo}` shows it. */
export function fullRepositoryJson(repository: Repository): JsonObject {
  return { ...repositoryJson(repository), network_count: 0, subscribers_count: 0 };
}

/** An account together with what it may do, for the permission question. */
export function collaboratorJson(repository: Repository, account: Account): JsonObject {
  const { world } = repository;
  const role = roleOf(repository, account);
  const level = ["read", "triage", "write", "maintain", "admin"].indexOf(role ?? "");
  const may = { pull: level >= 0, triage: level >= 1, push: level >= 2, maintain: level >= 3, admin: level >= 4 };
  const word = role ?? "none";
  return {
    permission: legacyPermission(role),
    role_name: word,
    user: { ...accountJson(world, account), permissions: may, role_name: word },
  };
}

function identity(repository: Repository): JsonObject {
  const { world } = repository;
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.isPrivate,
    visibility: repository.isPrivate ? "private" : "public",
    owner: accountJson(world, repository.owner),
    description: null,
    fork: false,
    default_branch: repository.defaultBranch,
  };
}

function counters(repository: Repository): JsonObject {
  const open = repository.issues.filter((issue) => issue.state === "open").length;
  return {
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: open,
    open_issues_count: open,
    size: 12,
  };
}

function settings(repository: Repository): JsonObject {
  return {
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: false,
    has_pages: false,
    has_discussions: false,
    archived: false,
    disabled: false,
    license: null,
    is_template: false,
    topics: [],
    allow_forking: !repository.isPrivate,
    web_commit_signoff_required: false,
  };
}

/** A repository as the installation webhooks list it. */
export function repositoryShort(repository: Repository): JsonObject {
  return {
    id: repository.id,
    node_id: nodeId("R", repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.isPrivate,
  };
}
