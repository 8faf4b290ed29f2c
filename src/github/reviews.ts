import { z } from "zod";
import { actorFrom, actorSchema } from "./actor.ts";
import { GitHubFailure } from "./errors.ts";
import { readFeedback } from "./feedback.ts";
import type { PullRequestFeedback, ReviewThreadRef, ThreadResolution, ThreadState } from "./feedback-types.ts";
import { absentOr, bigId, created, id } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { ownerAndName, renamed } from "./place.ts";
import { resolveThreadDocument, threadStateDocument, threadTailDocument } from "./review-queries.ts";
import type { At, Self } from "./types.ts";

export interface ReviewCalls {
  /** Everything that was said on a pull request, with its state. */
  readFeedback(at: At, number: number): Promise<PullRequestFeedback>;
  /** Answers in a thread. @throws GitHubFailure `not_found` also when the comment it began with is gone. */
  replyInThread(at: At, thread: ReviewThreadRef, body: string): Promise<{ readonly id: number }>;
  /** Our own answer with this marker in a thread. */
  findReply(at: At, thread: ReviewThreadRef, marker: string): Promise<number | undefined>;
  /** Marks a thread as settled, also when it is so already. */
  resolveThread(at: At, nodeId: string): Promise<ThreadResolution>;
  threadState(at: At, nodeId: string): Promise<ThreadState>;
}

/** How far back an answer is looked for: 1,000 comments in one thread. */
const maxTailPages = 10;

export function createReviewCalls(gateway: Gateway, self: () => Promise<Self>): ReviewCalls {
  return {
    readFeedback: (at, number) => readFeedback(gateway, at, number),
    replyInThread: (at, thread, body) =>
      gateway.write(at, {
        name: "reply in thread",
        schema: created,
        send: (octokit) => {
          const place = { pull_number: thread.pullRequest, comment_id: thread.firstCommentId };
          return octokit.rest.pulls.createReplyForReviewComment({ ...ownerAndName(at), ...place, body });
        },
      }),
    async findReply(at, thread, marker) {
      // Anybody can copy a marker into a comment of their own: only what our own account wrote counts.
      const { botUserId } = await self();
      return findInTail(gateway, at, { nodeId: thread.nodeId, marker, botUserId });
    },
    resolveThread: (at, nodeId) => resolveThread(gateway, at, nodeId),
    async threadState(at, nodeId) {
      const thread = await unlessGone(
        gateway.query(at, {
          name: "read thread state",
          document: threadStateDocument,
          variables: { id: nodeId },
          schema: stateAnswerSchema,
        }),
      );
      if (thread === undefined) return { kind: "gone" };
      mustBeHere(at, thread);
      return { kind: "found", resolved: thread.isResolved, outdated: thread.isOutdated, line: thread.line };
    },
  };
}

interface Sought {
  readonly nodeId: string;
  readonly marker: string;
  readonly botUserId: number;
}

/** Newest first: an answer in doubt was written a moment ago. */
async function findInTail(gateway: Gateway, at: At, sought: Sought): Promise<number | undefined> {
  let before: string | undefined;
  for (let page = 0; page < maxTailPages; page += 1) {
    const thread = await unlessGone(
      gateway.query(at, {
        name: "read thread tail",
        document: threadTailDocument,
        variables: { id: sought.nodeId, before },
        schema: tailAnswerSchema,
      }),
    );
    if (thread === undefined) return undefined;
    mustBeHere(at, thread);
    const { nodes, pageInfo } = thread.comments;
    const found = nodes.find(
      ({ author, body }) => actorFrom(author)?.id === sought.botUserId && body.includes(sought.marker),
    );
    if (found) return found.fullDatabaseId;
    if (!pageInfo.hasPreviousPage) return undefined;
    before = pageInfo.startCursor ?? undefined;
  }
  throw new GitHubFailure(`read thread tail: more than ${maxTailPages} pages`, { code: "doubt" });
}

async function resolveThread(gateway: Gateway, at: At, nodeId: string): Promise<ThreadResolution> {
  try {
    await gateway.mutate(at, {
      name: "resolve thread",
      document: resolveThreadDocument,
      variables: { id: nodeId },
      schema: resolvedSchema,
    });
    return "resolved";
  } catch (error) {
    if (!(error instanceof GitHubFailure)) throw error;
    if (error.code === "not_found" && error.status === 200) return "gone";
    // 422 is the minting's: the installation has not granted what the token needs. Any other 403 is about more than this.
    if (error.code === "forbidden" && (error.status === 200 || error.status === 422)) return "refused";
    throw error;
  }
}

/** GraphQL says NOT_FOUND with status 200; every other `not_found` is about the repository. */
async function unlessGone<T>(asking: Promise<{ readonly node: T | null }>): Promise<T | undefined> {
  try {
    return (await asking).node ?? undefined;
  } catch (error) {
    if (error instanceof GitHubFailure && error.code === "not_found" && error.status === 200) return undefined;
    throw error;
  }
}

/** A global id leads anywhere; we mean this repository. */
function mustBeHere(at: At, thread: { readonly repository: { readonly databaseId: number } }): void {
  if (thread.repository.databaseId !== at.repository.id) throw renamed(at);
}

const repository = z.object({ databaseId: id });
const resolvedSchema = z.object({
  resolveReviewThread: z.object({ thread: z.object({ isResolved: z.literal(true) }) }),
});
const stateAnswerSchema = z.object({
  node: z
    .object({ isResolved: z.boolean(), isOutdated: z.boolean(), line: absentOr(z.number()), repository })
    .nullable(),
});
const tailAnswerSchema = z.object({
  node: z
    .object({
      repository,
      comments: z.object({
        pageInfo: z.object({ hasPreviousPage: z.boolean(), startCursor: z.string().nullable() }),
        nodes: z.array(z.object({ fullDatabaseId: bigId, body: z.string(), author: actorSchema.nullable() })),
      }),
    })
    .nullable(),
});
