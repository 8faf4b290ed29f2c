import { iso, isoOrNull } from "../present/account.ts";
import { association, issuePage } from "../present/issue.ts";
import { nodeId, nodeIdOfText } from "../world/ids.ts";
import type { Account, PullIssue, Repository, Review, ReviewComment, ReviewThread } from "../world/model.ts";
import { covers, roleOf } from "../world/roles.ts";
import { commentsShownTo, isShownTo, threadNodeId, threadsShownTo } from "../world/threads.ts";
import { connection, type Resolved } from "./connection.ts";
import { actor, authored, databaseIds, reactionFields } from "./objects.ts";

/** A pull request as somebody looks at its reviews. Pending ones are shown to their author alone. */
export interface Looking {
  readonly repository: Repository;
  readonly issue: PullIssue;
  readonly viewer: Account;
  readonly mayResolve: () => boolean;
  /** The objects that everything here belongs to. */
  readonly home: { readonly repository: () => Resolved; readonly pullRequest: () => Resolved };
}

/** What a pull request says of its reviews. */
export function reviewFields(looking: Looking): Resolved {
  const { issue, viewer } = looking;
  return {
    reviews: (args: { states?: readonly string[] | null; first?: number; last?: number }) => {
      const shown = issue.pull.reviews
        .filter((review) => isShownTo(viewer, review))
        .filter((review) => args.states?.includes(review.state) ?? true);
      return connection("reviews", shown, (review) => reviewObject(looking, review))(args);
    },
    reviewThreads: (args: object) =>
      connection("reviewThreads", threadsShownTo(viewer, issue), (thread) => threadObject(looking, thread))(args),
  };
}

/** A thread: the only place that says whether it is resolved or outdated. */
export function threadObject(looking: Looking, thread: ReviewThread): Resolved {
  const { repository, viewer, home, mayResolve } = looking;
  const { originalLine, originalStartLine, resolvedBy, line } = thread;
  const shift = originalLine === undefined || originalStartLine === undefined ? 0 : originalLine - originalStartLine;
  return {
    __typename: "PullRequestReviewThread",
    id: threadNodeId(thread),
    path: thread.path,
    line: line ?? null,
    originalLine: originalLine ?? null,
    startLine: line === undefined || originalStartLine === undefined ? null : line - shift,
    originalStartLine: originalStartLine ?? null,
    diffSide: "RIGHT",
    startDiffSide: originalStartLine === undefined ? null : "RIGHT",
    subjectType: originalLine === undefined ? "FILE" : "LINE",
    isResolved: resolvedBy !== undefined,
    // GraphQL's type here is a user, which a bot is not.
    resolvedBy: resolvedBy?.type === "User" ? actor(repository.world, resolvedBy) : null,
    isOutdated: thread.outdated,
    isCollapsed: resolvedBy !== undefined || thread.outdated,
    viewerCanReply: true,
    viewerCanResolve: () => resolvedBy === undefined && mayResolve(),
    viewerCanUnresolve: () => resolvedBy !== undefined && mayResolve(),
    pullRequest: home.pullRequest,
    repository: home.repository,
    comments: (args: object) =>
      connection("comments", commentsShownTo(viewer, thread), (comment) =>
        reviewCommentObject(looking, { thread, comment }),
      )(args),
  };
}

/** A comment in a thread. There may be tens of thousands: what is costly is made when it is asked for. */
export function reviewCommentObject(
  looking: Looking,
  place: { readonly thread: ReviewThread; readonly comment: ReviewComment },
): Resolved {
  const { repository, issue, home } = looking;
  const { thread, comment } = place;
  const { world } = repository;
  const first = thread.comments[0];
  return {
    __typename: "PullRequestReviewComment",
    id: nodeId("PRRC", comment.id),
    ...databaseIds(comment.id),
    ...authored(world, comment),
    body: comment.body,
    bodyText: comment.body,
    path: thread.path,
    diffHunk: thread.hunk,
    line: thread.line ?? null,
    originalLine: thread.originalLine ?? null,
    outdated: thread.outdated,
    isMinimized: comment.minimized,
    minimizedReason: comment.minimized ? "outdated" : null,
    state: comment.review.state === "PENDING" ? "PENDING" : "SUBMITTED",
    draftedAt: iso(comment.createdAt),
    publishedAt: () => isoOrNull(comment.review.submittedAt),
    authorAssociation: () => association(repository, comment.author),
    updatedAt: iso(comment.updatedAt),
    url: `${issuePage(repository, issue)}#discussion_r${comment.id}`,
    commit: () => commitObject(thread.outdated ? thread.commitSha : issue.pull.headSha),
    originalCommit: () => commitObject(thread.commitSha),
    replyTo: () =>
      first === undefined || first === comment ? null : reviewCommentObject(looking, { thread, comment: first }),
    pullRequestReview: () => reviewObject(looking, comment.review),
    pullRequest: home.pullRequest,
    repository: home.repository,
    ...reactionFields(world, comment.reactions, nodeId("PRRC", comment.id)),
  };
}

export function reviewObject(looking: Looking, review: Review): Resolved {
  const { repository, issue, home } = looking;
  const { world } = repository;
  return {
    __typename: "PullRequestReview",
    id: nodeId("PRR", review.id),
    ...databaseIds(review.id),
    ...authored(world, review),
    body: review.body,
    bodyText: review.body,
    state: review.state,
    submittedAt: isoOrNull(review.submittedAt),
    updatedAt: iso(review.updatedAt),
    url: `${issuePage(repository, issue)}#pullrequestreview-${review.id}`,
    authorAssociation: () => association(repository, review.author),
    // Apps are no collaborators: asking for a bot's permission is a 404, and it counts as none here.
    authorCanPushToRepository: () =>
      review.author.type === "User" && covers(roleOf(repository, review.author), "write"),
    commit: () => commitObject(review.commitSha),
    isMinimized: false,
    minimizedReason: null,
    pullRequest: home.pullRequest,
    repository: home.repository,
  };
}

function commitObject(sha: string): Resolved {
  return { __typename: "Commit", id: nodeIdOfText("C", sha), oid: sha, abbreviatedOid: sha.slice(0, 7) };
}
