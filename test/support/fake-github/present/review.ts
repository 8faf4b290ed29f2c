import { nodeId } from "../world/ids.ts";
import type { JsonObject, PullIssue, Repository, Review } from "../world/model.ts";
import { type ReviewCommentPlace, type ThreadPlace, threadNodeId } from "../world/threads.ts";
import { accountJson, iso, isoOrNull } from "./account.ts";
import { association, issuePage } from "./issue.ts";
import { reactionRollup } from "./label.ts";
import { repositoryUrl } from "./repository.ts";

interface ReviewPlace {
  readonly issue: PullIssue;
  readonly review: Review;
}

/** A review as REST shows it: its state in upper case, and no text as "". */
export function reviewJson(repository: Repository, place: ReviewPlace): JsonObject {
  const { review } = place;
  return {
    ...reviewFacts(repository, place),
    body: review.body,
    state: review.state,
    ...(review.submittedAt === undefined ? {} : { submitted_at: iso(review.submittedAt) }),
  };
}

/** A review as webhooks carry it: its state in lower case, and no text as null. */
export function reviewWebhookJson(repository: Repository, place: ReviewPlace): JsonObject {
  const { review } = place;
  return {
    ...reviewFacts(repository, place),
    body: review.body === "" ? null : review.body,
    state: review.state.toLowerCase(),
    submitted_at: isoOrNull(review.submittedAt),
    updated_at: iso(review.updatedAt),
  };
}

/** A comment in a thread as REST shows it. Where an outdated one stands is left out: GitHub's schema has no null there. */
export function reviewCommentJson(repository: Repository, place: ReviewCommentPlace): JsonObject {
  const { line, position, ...rest } = reviewCommentWebhookJson(repository, place);
  return { ...rest, ...(line === null ? {} : { line }), ...(position === null ? {} : { position }) };
}

/** The same as webhooks carry it. */
export function reviewCommentWebhookJson(repository: Repository, place: ReviewCommentPlace): JsonObject {
  const { world } = repository;
  const { issue, thread, comment } = place;
  const url = `${repositoryUrl(repository)}/pulls/comments/${comment.id}`;
  const pullUrl = `${repositoryUrl(repository)}/pulls/${issue.number}`;
  const page = `${issuePage(repository, issue)}#discussion_r${comment.id}`;
  const first = thread.comments[0];
  return {
    url,
    pull_request_review_id: comment.review.id,
    id: comment.id,
    node_id: nodeId("PRRC", comment.id),
    diff_hunk: thread.hunk,
    path: thread.path,
    commit_id: thread.outdated ? thread.commitSha : issue.pull.headSha,
    original_commit_id: thread.commitSha,
    user: accountJson(world, comment.author),
    body: comment.body,
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
    html_url: page,
    pull_request_url: pullUrl,
    author_association: association(repository, comment.author),
    _links: { self: { href: url }, html: { href: page }, pull_request: { href: pullUrl } },
    reactions: reactionRollup(url, comment.reactions),
    ...lines(place),
    subject_type: thread.originalLine === undefined ? "file" : "line",
    // Answers name the first comment of their thread.
    ...(first === undefined || first === comment ? {} : { in_reply_to_id: first.id }),
  };
}

/** A thread as the webhooks about its resolution carry it. */
export function threadWebhookJson(repository: Repository, place: ThreadPlace): JsonObject {
  const { issue, thread } = place;
  return {
    node_id: threadNodeId(thread),
    comments: thread.comments
      .filter(({ review }) => review.state !== "PENDING")
      .map((comment) => reviewCommentWebhookJson(repository, { issue, thread, comment })),
  };
}

function lines({ thread }: ReviewCommentPlace): JsonObject {
  const { line, originalLine, originalStartLine } = thread;
  const position = thread.hunk.split("\n").length - 1;
  const height =
    originalLine === undefined || originalStartLine === undefined ? undefined : originalLine - originalStartLine;
  return {
    line: line ?? null,
    // Of a comment on a whole file the schema still wants a number.
    original_line: originalLine ?? 1,
    start_line: line === undefined || height === undefined ? null : line - height,
    original_start_line: originalStartLine ?? null,
    side: "RIGHT",
    start_side: height === undefined ? null : "RIGHT",
    position: thread.outdated ? null : Math.max(1, position),
    original_position: Math.max(1, position),
  };
}

function reviewFacts(repository: Repository, { issue, review }: ReviewPlace): JsonObject {
  const page = `${issuePage(repository, issue)}#pullrequestreview-${review.id}`;
  const pullUrl = `${repositoryUrl(repository)}/pulls/${issue.number}`;
  return {
    id: review.id,
    node_id: nodeId("PRR", review.id),
    user: accountJson(repository.world, review.author),
    html_url: page,
    pull_request_url: pullUrl,
    author_association: association(repository, review.author),
    _links: { html: { href: page }, pull_request: { href: pullUrl } },
    commit_id: review.commitSha,
  };
}
