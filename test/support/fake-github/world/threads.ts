import { diffOf, hunkUpTo, movedLines } from "../git/lines.ts";
import { nodeId, parseNodeId } from "./ids.ts";
import type { Account, Act, PullIssue, Repository, Review, ReviewComment, ReviewThread } from "./model.ts";
import { notFound, Refusal } from "./refusal.ts";
import { isPull } from "./world.ts";

/** A comment on a place that no thread stands at yet. */
export interface NewThread {
  readonly path: string;
  /** Line of the new file; the whole file when left out. */
  readonly line?: number;
  /** The first line of several. */
  readonly startLine?: number;
  readonly body: string;
}

/** A thread with the pull request it is on. */
export interface ThreadPlace {
  readonly issue: PullIssue;
  readonly thread: ReviewThread;
}

export interface ReviewCommentPlace extends ThreadPlace {
  readonly comment: ReviewComment;
}

/** GitHub's global id of a thread. */
export function threadNodeId(thread: ReviewThread): string {
  return nodeId("PRRT", thread.id);
}

/** What a pull request shows to an account: pending reviews are their author's alone. */
export function isShownTo(account: Account, review: Review): boolean {
  return review.state !== "PENDING" || review.author === account;
}

/** The comments of a thread that an account sees. */
export function commentsShownTo(account: Account, thread: ReviewThread): readonly ReviewComment[] {
  const { comments } = thread;
  return comments.every(({ review }) => isShownTo(account, review))
    ? comments
    : comments.filter(({ review }) => isShownTo(account, review));
}

/** The threads of a pull request that an account sees. */
export function threadsShownTo(account: Account, issue: PullIssue): readonly ReviewThread[] {
  return issue.pull.threads.filter((thread) => commentsShownTo(account, thread).length > 0);
}

/** The thread with that global id, or with a comment of that number. @throws Refusal 404 */
export function threadOf(repository: Repository, key: string | number): ThreadPlace {
  if (typeof key === "number") return reviewCommentOf(repository, key);
  const place = findThread(repository, { id: key });
  if (place === undefined) throw notFound();
  return place;
}

/** The thread with that global id, if there is one and the viewer sees it. */
export function findThread(
  repository: Repository,
  wanted: { readonly id: string; readonly viewer?: Account },
): ThreadPlace | undefined {
  const number = parseNodeId(wanted.id)?.id;
  for (const issue of repository.issues.filter(isPull)) {
    const thread = issue.pull.threads.find(({ id }) => id === number);
    if (thread === undefined || threadNodeId(thread) !== wanted.id) continue;
    const isShown = wanted.viewer === undefined || commentsShownTo(wanted.viewer, thread).length > 0;
    return isShown ? { issue, thread } : undefined;
  }
  return undefined;
}

/** A comment in any thread of the repository. @throws Refusal 404 */
export function reviewCommentOf(repository: Repository, id: number): ReviewCommentPlace {
  for (const issue of repository.issues.filter(isPull)) {
    for (const thread of issue.pull.threads) {
      const comment = thread.comments.find((candidate) => candidate.id === id);
      if (comment !== undefined) return { issue, thread, comment };
    }
  }
  throw notFound();
}

/**
 * Starts threads on the pull request's diff as it is now.
 *
 * @throws Refusal 422 for a line that the diff does not show
 */
export async function startThreads(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly review: Review; readonly threads: readonly NewThread[] },
): Promise<ReviewCommentPlace[]> {
  const { headSha, baseSha } = issue.pull;
  const paths = [...new Set(order.threads.map(({ path }) => path))];
  if (paths.length === 0) return [];
  const diffs = await diffOf(repository.directory, { base: baseSha, head: headSha }, paths);
  const hunks = order.threads.map((wanted) => hunkFor(wanted, diffs.get(wanted.path)));
  return order.threads.map((wanted, index) => {
    const { path, line, startLine, body } = wanted;
    const thread: ReviewThread = {
      id: repository.world.ids.next("reviewThread"),
      path,
      commitSha: headSha,
      originalLine: line,
      originalStartLine: startLine,
      hunk: hunks[index] ?? "",
      line,
      outdated: false,
      resolvedBy: undefined,
      comments: [],
    };
    issue.pull.threads.push(thread);
    return { issue, thread, comment: addToThread(repository, thread, { ...order, body }) };
  });
}

/** Adds a comment to a thread. Nobody is told. */
export function addToThread(
  repository: Repository,
  thread: ReviewThread,
  order: { readonly act: Act; readonly review: Review; readonly body: string },
): ReviewComment {
  const now = repository.world.now();
  const comment: ReviewComment = {
    id: repository.world.ids.next("reviewComment"),
    author: order.act.by,
    createdAt: now,
    body: order.body,
    updatedAt: now,
    reactions: [],
    edits: [],
    minimized: false,
    read: false,
    review: order.review,
  };
  thread.comments.push(comment);
  return comment;
}

/** Finds every thread's line in a new head. A thread whose line is not there any more is outdated; it may come back. */
export async function moveThreads(repository: Repository, issue: PullIssue): Promise<void> {
  const { headSha, threads } = issue.pull;
  for (const from of new Set(threads.map(({ commitSha }) => commitSha))) {
    const here = threads.filter(({ commitSha }) => commitSha === from);
    const paths = [...new Set(here.map(({ path }) => path))];
    const moved = await movedLines(repository.directory, { from, to: headSha }, paths);
    for (const thread of here) {
      if (thread.originalLine === undefined) continue;
      thread.line = moved.lineOf({ path: thread.path, line: thread.originalLine });
      thread.outdated = thread.line === undefined;
    }
  }
}

function hunkFor({ path, line }: NewThread, diff: string | undefined): string {
  const hunk = line === undefined ? diff : diff && hunkUpTo(diff, line);
  if (hunk !== undefined) return line === undefined ? "" : hunk;
  const field = diff === undefined ? "path" : "line";
  throw new Refusal(422, "Unprocessable Entity", [
    `pull_request_review_thread.${field} ${field === "path" ? "diff" : "must be part of the diff"}: ${path}${line === undefined ? "" : `:${line}`}`,
  ]);
}
