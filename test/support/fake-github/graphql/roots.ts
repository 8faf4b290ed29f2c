import { accountNodeId, iso, isoOrNull } from "../present/account.ts";
import { mergeableState } from "../present/pull.ts";
import type { Caller } from "../server/auth.ts";
import { nodeId, parseNodeId } from "../world/ids.ts";
import type { Issue, PullIssue, Repository, TimelineEvent } from "../world/model.ts";
import { computeMergeability } from "../world/pulls.ts";
import { fullName, isPull, type World } from "../world/world.ts";
import { isAllowed, isVisible, mustBeAllowed } from "./callers.ts";
import { connection, graphqlRefusal, type PageArguments, type Resolved } from "./connection.ts";
import { mutationsFor, RESOLVE, threadFor } from "./mutations.ts";
import { actor, commentObject, databaseIds, issueBase, timelineObject } from "./objects.ts";
import { type Looking, reviewFields, threadObject } from "./reviews.ts";

/** What a query starts from, for somebody with a token. */
export function rootFor(world: World, caller: Caller): Resolved {
  return {
    repository: ({ owner, name }: { owner: string; name: string }) => {
      const repository = world.repository(owner, name);
      const message = `Could not resolve to a Repository with the name '${owner}/${name}'.`;
      if (repository === undefined || !isVisible(caller, repository)) throw graphqlRefusal("NOT_FOUND", message);
      return repositoryObject(caller, repository);
    },
    node: ({ id }: { id: string }) => nodeOf(world, caller, id),
    nodes: ({ ids }: { ids: readonly string[] }) => ids.map((id) => nodeOf(world, caller, id)),
    rateLimit: () => ({
      limit: 5000,
      cost: 1,
      used: 1,
      remaining: 4999,
      nodeCount: 1,
      resetAt: iso(world.clock() + 3_600_000),
    }),
    viewer: () => actor(world, world.bot),
    ...mutationsFor(world, caller, ({ repository, issue, thread }) =>
      threadObject(lookingAt(caller, repository, issue), thread),
    ),
  };
}

function repositoryObject(caller: Caller, repository: Repository): Resolved {
  const { world } = repository;
  const find = (number: number, word: string, wanted: (issue: Issue) => boolean): Issue => {
    const issue = repository.issues.find((candidate) => candidate.number === number && wanted(candidate));
    if (issue === undefined)
      throw graphqlRefusal("NOT_FOUND", `Could not resolve to ${word} with the number of ${number}.`);
    return issue;
  };
  return {
    __typename: "Repository",
    id: nodeId("R", repository.id),
    databaseId: repository.id,
    name: repository.name,
    nameWithOwner: fullName(repository),
    url: `${world.origin}/${fullName(repository)}`,
    isPrivate: repository.isPrivate,
    isArchived: false,
    isFork: false,
    visibility: repository.isPrivate ? "PRIVATE" : "PUBLIC",
    owner: actor(world, repository.owner),
    defaultBranchRef: { id: nodeId("REF", repository.id), name: repository.defaultBranch, prefix: "refs/heads/" },
    issue: ({ number }: { number: number }) => {
      mustBeAllowed(caller, repository, [{ issues: "read" }]);
      return issueObject(
        caller,
        repository,
        find(number, "an Issue", (issue) => !isPull(issue)),
      );
    },
    pullRequest: ({ number }: { number: number }) => {
      mustBeAllowed(caller, repository, [{ pull_requests: "read" }]);
      return pullObject(caller, repository, find(number, "a PullRequest", isPull) as PullIssue);
    },
    issueOrPullRequest: ({ number }: { number: number }) => {
      mustBeAllowed(caller, repository, [{ issues: "read" }, { pull_requests: "read" }]);
      const issue = find(number, "an issue or pull request", () => true);
      return isPull(issue) ? pullObject(caller, repository, issue) : issueObject(caller, repository, issue);
    },
  };
}

function issueObject(caller: Caller, repository: Repository, issue: Issue): Resolved {
  return {
    __typename: "Issue",
    ...databaseIds(issue.id),
    ...issueBase(repository, issue),
    state: issue.state.toUpperCase(),
    stateReason: issue.stateReason?.toUpperCase() ?? null,
    repository: () => repositoryObject(caller, repository),
    timelineItems: timeline(repository, issue),
  };
}

function pullObject(caller: Caller, repository: Repository, issue: PullIssue): Resolved {
  const { world } = repository;
  const { pull } = issue;
  const state = pull.mergedAt === undefined ? issue.state.toUpperCase() : "MERGED";
  return {
    __typename: "PullRequest",
    ...databaseIds(pull.id),
    ...issueBase(repository, issue),
    state,
    isDraft: pull.draft,
    merged: pull.mergedAt !== undefined,
    mergedAt: isoOrNull(pull.mergedAt),
    mergedBy: pull.mergedBy === undefined ? null : actor(world, pull.mergedBy),
    mergeable: async () => {
      const known = pull.mergeable;
      await computeMergeability(repository, issue);
      return known === undefined ? "UNKNOWN" : known ? "MERGEABLE" : "CONFLICTING";
    },
    mergeStateStatus: mergeableState(repository, issue).toUpperCase(),
    headRefName: pull.headRef,
    headRefOid: pull.headSha,
    baseRefName: pull.baseRef,
    baseRefOid: pull.baseSha,
    headRepository: () => repositoryObject(caller, repository),
    baseRepository: () => repositoryObject(caller, repository),
    isCrossRepository: false,
    ...reviewFields(lookingAt(caller, repository, issue)),
    additions: pull.stats.additions,
    deletions: pull.stats.deletions,
    changedFiles: pull.stats.changedFiles,
    repository: () => repositoryObject(caller, repository),
    timelineItems: timeline(repository, issue),
  };
}

/** The app sees what it may see; it is the only one that asks in GraphQL. */
function lookingAt(caller: Caller, repository: Repository, issue: PullIssue): Looking {
  return {
    repository,
    issue,
    viewer: repository.world.bot,
    mayResolve: () => isAllowed(caller, repository, RESOLVE),
    home: {
      repository: () => repositoryObject(caller, repository),
      pullRequest: () => pullObject(caller, repository, issue),
    },
  };
}

interface TimelineArguments extends PageArguments {
  readonly itemTypes?: readonly string[] | null;
  readonly since?: string | null;
}

function timeline(repository: Repository, issue: Issue): (args: TimelineArguments) => Resolved {
  type Item = { readonly at: number; readonly node: Resolved; readonly kind: string };
  const items: Item[] = [
    ...issue.timeline.map((event) => ({
      at: event.at,
      node: timelineObject(repository, event),
      kind: kindOf(event),
    })),
    ...issue.comments.map((comment) => ({
      at: comment.createdAt,
      node: commentObject(repository, { issue, comment }),
      kind: "ISSUE_COMMENT",
    })),
  ].sort((a, b) => a.at - b.at);
  return (args) => {
    const since = args.since == null ? 0 : Date.parse(args.since);
    const shown = items.filter((item) => item.at >= since && (args.itemTypes?.includes(item.kind) ?? true));
    const page = connection("timelineItems", shown, (item) => item.node)(args);
    return {
      ...page,
      filteredCount: shown.length,
      pageCount: (page.nodes as unknown[]).length,
      updatedAt: iso(issue.updatedAt),
    };
  };
}

function kindOf(event: TimelineEvent): string {
  return event.type === "renamed" ? "RENAMED_TITLE_EVENT" : `${event.type.toUpperCase()}_EVENT`;
}

/** An object by its global id. What the caller may not see does not exist. */
function nodeOf(world: World, caller: Caller, id: string): Resolved {
  const wanted = parseNodeId(id);
  const missing = graphqlRefusal("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
  const account = [...world.accounts.values()].find((candidate) => accountNodeId(candidate) === id);
  if (account !== undefined) return actor(world, account);
  if (wanted?.kind === "PRRT") {
    const { repository, issue, thread } = threadFor(world, caller, id);
    mustBeAllowed(caller, repository, [{ pull_requests: "read" }]);
    return threadObject(lookingAt(caller, repository, issue), thread);
  }
  for (const repository of world.repositories.filter((candidate) => isVisible(caller, candidate))) {
    if (wanted?.kind === "R" && wanted.id === repository.id) return repositoryObject(caller, repository);
    for (const issue of repository.issues) {
      if (isPull(issue) && wanted?.kind === "PR" && wanted.id === issue.pull.id) {
        mustBeAllowed(caller, repository, [{ pull_requests: "read" }]);
        return pullObject(caller, repository, issue);
      }
      if (wanted?.kind === "I" && wanted.id === issue.id) {
        mustBeAllowed(caller, repository, [{ issues: "read" }]);
        return issueObject(caller, repository, issue);
      }
      const comment =
        wanted?.kind === "IC" ? issue.comments.find((candidate) => candidate.id === wanted.id) : undefined;
      if (comment !== undefined) {
        mustBeAllowed(caller, repository, [{ issues: "read" }, { pull_requests: "read" }]);
        return commentObject(repository, { issue, comment });
      }
    }
  }
  throw missing;
}
