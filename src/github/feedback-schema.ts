import { z } from "zod";
import { actorFrom, actorSchema } from "./actor.ts";
import type { FeedbackComment, FeedbackReview, FeedbackThread, PullRequestFeedback } from "./feedback-types.ts";
import { absentOr, bigId, id, time } from "./fields.ts";
import type { IssueComment } from "./types.ts";

const backPageSchema = z.object({ hasPreviousPage: z.boolean(), startCursor: z.string().nullable() });
const entry = {
  fullDatabaseId: bigId,
  author: actorSchema.nullable(),
  body: z.string(),
  createdAt: time,
  lastEditedAt: absentOr(time),
  editor: actorSchema.nullable(),
  isMinimized: z.boolean(),
};
const stateSchema = z.preprocess(
  (state) => String(state).toLowerCase(),
  z.enum(["pending", "commented", "approved", "changes_requested", "dismissed"]),
);

const entrySchema = z.object(entry);
const reviewSchema = z.object({
  ...entry,
  state: stateSchema,
  submittedAt: absentOr(time),
  authorCanPushToRepository: z.boolean(),
  commit: z.object({ oid: z.string() }).nullable(),
});
const commentSchema = z.object({
  ...entry,
  state: z.enum(["PENDING", "SUBMITTED"]),
  pullRequestReview: z
    .object({ fullDatabaseId: bigId, state: stateSchema, authorCanPushToRepository: z.boolean() })
    .nullable(),
});
const threadSchema = z.object({
  id: z.string().min(1),
  path: z.string(),
  line: absentOr(z.number()),
  startLine: absentOr(z.number()),
  originalLine: absentOr(z.number()),
  subjectType: z.enum(["LINE", "FILE"]),
  isResolved: z.boolean(),
  isOutdated: z.boolean(),
  opening: z.object({ nodes: z.array(z.object({ fullDatabaseId: bigId, diffHunk: z.string() })) }),
  comments: z.object({ pageInfo: backPageSchema, nodes: z.array(commentSchema) }),
});
const listOf = <T>(schema: z.ZodType<T>) => z.object({ pageInfo: backPageSchema, nodes: z.array(schema) }).optional();
const pullRequestSchema = z.object({
  state: z.enum(["OPEN", "CLOSED", "MERGED"]),
  isDraft: z.boolean(),
  headRefName: z.string(),
  headRefOid: z.string().min(40),
  baseRefName: z.string(),
  headRepository: z.object({ databaseId: id }).nullable(),
  author: actorSchema.nullable(),
  labels: z.object({ nodes: z.array(z.object({ name: z.string() })) }).nullable(),
  reviewThreads: listOf(threadSchema),
  reviews: listOf(reviewSchema),
  comments: listOf(entrySchema),
});

export type PullRequestPage = z.infer<typeof pullRequestSchema>;
export type ThreadNode = z.infer<typeof threadSchema>;
export type CommentNode = z.infer<typeof commentSchema>;
export type BackPage = z.infer<typeof backPageSchema>;

/** The answer to `feedbackDocument`. */
export const feedbackAnswerSchema = z.object({
  repository: z.object({ databaseId: id, pullRequest: pullRequestSchema.nullable() }).nullable(),
});

/** The answer to `threadCommentsDocument`: the slots that were used. */
export const threadCommentsAnswerSchema = z.record(z.string(), z.object({ comments: threadSchema.shape.comments }));

/** What a pull request is, without its lists. */
export function factsFrom(
  number: number,
  page: PullRequestPage,
): Omit<PullRequestFeedback, "reviews" | "threads" | "comments" | "truncated"> {
  return {
    number,
    open: page.state === "OPEN",
    merged: page.state === "MERGED",
    draft: page.isDraft,
    headRef: page.headRefName,
    headSha: page.headRefOid,
    headRepositoryId: page.headRepository?.databaseId,
    baseRef: page.baseRefName,
    author: actorFrom(page.author),
    labels: (page.labels?.nodes ?? []).map((label) => label.name),
  };
}

export function entryFrom(node: z.infer<typeof entrySchema>): IssueComment {
  return {
    id: node.fullDatabaseId,
    author: actorFrom(node.author),
    body: node.body,
    createdAt: node.createdAt,
    lastEditedAt: node.lastEditedAt,
    editor: actorFrom(node.editor),
    minimized: node.isMinimized,
  };
}

export function reviewFrom(node: z.infer<typeof reviewSchema>): FeedbackReview {
  const { state, submittedAt, commit, authorCanPushToRepository: authorMayPush } = node;
  return { ...entryFrom(node), state, submittedAt, commit: commit?.oid, authorMayPush };
}

/** Undefined for a thread without a single comment: there is nothing to answer in it. */
export function threadFrom(node: ThreadNode, comments: readonly CommentNode[]): FeedbackThread | undefined {
  const [opening] = node.opening.nodes;
  if (opening === undefined) return undefined;
  return {
    nodeId: node.id,
    firstCommentId: opening.fullDatabaseId,
    path: node.path,
    line: node.line,
    startLine: node.startLine,
    originalLine: node.originalLine,
    hunk: opening.diffHunk,
    wholeFile: node.subjectType === "FILE",
    outdated: node.isOutdated,
    resolved: node.isResolved,
    comments: comments.map(commentFrom),
  };
}

function commentFrom(node: CommentNode): FeedbackComment {
  const review = node.pullRequestReview;
  return {
    ...entryFrom(node),
    reviewId: review?.fullDatabaseId,
    reviewState: review?.state,
    state: node.state === "PENDING" ? "pending" : "submitted",
    authorMayPush: review?.authorCanPushToRepository,
  };
}
