import { emailOf } from "../git/commits.ts";
import { type CommitFacts, changedFiles, commitsOf, isAncestor, type Signature } from "../git/history.ts";
import type { Account, JsonObject, Repository } from "../world/model.ts";
import type { World } from "../world/world.ts";
import { iso } from "./account.ts";
import { accountOf } from "./commit.ts";
import { repositoryJson, repositoryPage } from "./repository.ts";

const NO_SHA = "0".repeat(40);

export interface Push {
  readonly by: Account;
  readonly ref: string;
  readonly before: string;
  readonly after: string;
}

/** The `push` event's own part. Its repository differs from the other events': times are numbers there. */
export async function pushJson(repository: Repository, push: Push): Promise<JsonObject> {
  const { ref, before, after, by } = push;
  const commits = await pushedCommits(repository, push);
  const head = after === NO_SHA ? undefined : (await commitsOf(repository.directory, after, 1))[0];
  const isForced = before !== NO_SHA && after !== NO_SHA && !(await isAncestor(repository.directory, before, after));
  const page = repositoryPage(repository);
  const full = repositoryJson(repository);
  return {
    ref,
    before,
    after,
    created: before === NO_SHA,
    deleted: after === NO_SHA,
    forced: isForced,
    base_ref: null,
    compare: `${page}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
    commits: await Promise.all(commits.map((commit) => pushCommitJson(repository, commit))),
    head_commit: head === undefined ? null : await pushCommitJson(repository, head),
    pusher: { name: by.login, email: by.type === "Bot" ? null : emailOf(by) },
    repository: {
      ...full,
      owner: { ...(full.owner as JsonObject), name: repository.owner.login, email: null },
      created_at: Math.floor(repository.createdAt / 1000),
      pushed_at: Math.floor(repository.pushedAt / 1000),
      master_branch: repository.defaultBranch,
      stargazers: 0,
      ...(repository.owner.type === "Organization" ? { organization: repository.owner.login } : {}),
    },
  };
}

/** The commits that are new with this push, oldest first. GitHub sends at most 2048. */
async function pushedCommits(repository: Repository, push: Push): Promise<CommitFacts[]> {
  if (push.after === NO_SHA) return [];
  const defaultRef = `refs/heads/${repository.defaultBranch}`;
  const known = push.before === NO_SHA ? defaultRef : push.before;
  const range = push.before === NO_SHA && push.ref === defaultRef ? push.after : `${known}..${push.after}`;
  const commits = await commitsOf(repository.directory, range, 2048);
  return commits.reverse();
}

async function pushCommitJson(repository: Repository, commit: CommitFacts): Promise<JsonObject> {
  const { world } = repository;
  const parent = commit.parents[0];
  const files = parent === undefined ? [] : await changedFiles(repository.directory, parent, commit.sha);
  const named = (status: string): string[] => files.filter((file) => file.status === status).map((file) => file.path);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: iso(commit.committer.at),
    url: `${repositoryPage(repository)}/commit/${commit.sha}`,
    author: personJson(world, commit.author),
    committer: personJson(world, commit.committer),
    added: named("added"),
    removed: named("removed"),
    modified: named("modified"),
  };
}

function personJson(world: World, signature: Signature): JsonObject {
  const username = accountOf(world, signature)?.login;
  return { name: signature.name, email: signature.email, ...(username === undefined ? {} : { username }) };
}
