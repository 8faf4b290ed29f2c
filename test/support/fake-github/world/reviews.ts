import { mustFit, noteEdit } from "./issues.ts";
import {
  type Act,
  type PullIssue,
  REVIEW_EVENTS,
  type Repository,
  type Review,
  type ReviewComment,
  type ReviewEvent,
} from "./model.ts";
import { invalid, Refusal } from "./refusal.ts";
import { tellComment, tellReview, tellThread } from "./review-news.ts";
import { addToThread, type NewThread, type ReviewCommentPlace, startThreads, type ThreadPlace } from "./threads.ts";

/** An answer in a thread as part of a review. */
export interface NewReply {
  readonly to: ThreadPlace["thread"];
  readonly body: string;
}

export interface NewReview {
  readonly act: Act;
  /** Undefined leaves it pending: only its author sees it. */
  readonly event: ReviewEvent | undefined;
  readonly body: string;
  readonly threads: readonly NewThread[];
  readonly replies: readonly NewReply[];
}

/** Writes a review with all its comments at once. @throws Refusal 422 for each reason GitHub has */
export async function addReview(
  repository: Repository,
  issue: PullIssue,
  order: NewReview,
): Promise<{ readonly review: Review; readonly places: readonly ReviewCommentPlace[] }> {
  const { act, event, body } = order;
  mayReview(issue, order, event);
  mustFit(body, "PullRequestReview");
  for (const comment of [...order.threads, ...order.replies]) mustHaveText(comment.body);
  const review = newReview(repository, issue, { act, body });
  const started = await startThreads(repository, issue, { act, review, threads: order.threads });
  const replied = order.replies.map(({ to: thread, body }) => {
    return { issue, thread, comment: addToThread(repository, thread, { act, review, body }) };
  });
  issue.pull.reviews.push(review);
  const places = [...started, ...replied];
  if (event !== undefined) submit(repository, issue, { act, review, event, places });
  return { review, places };
}

/** Submits a pending review. @throws Refusal 422 when it was submitted already */
export function submitReview(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly review: Review; readonly event: ReviewEvent; readonly body: string | undefined },
): void {
  const { review, event, act } = order;
  if (review.state !== "PENDING") throw unprocessable("Can not submit a review that was submitted already");
  review.body = order.body ?? review.body;
  const places = placesOf(issue, review);
  mayReview(issue, { act, body: review.body, threads: places.map(({ comment }) => comment), replies: [] }, event);
  submit(repository, issue, { act, review, event, places });
}

/** Answers in a thread. As on GitHub the answer gets a review of its own, with an empty body. */
export function replyInThread(
  repository: Repository,
  place: ThreadPlace,
  order: { readonly act: Act; readonly body: string },
): ReviewComment {
  const { issue, thread } = place;
  mustHaveText(order.body);
  const review = newReview(repository, issue, { act: order.act, body: "" });
  const comment = addToThread(repository, thread, { ...order, review });
  issue.pull.reviews.push(review);
  submit(repository, issue, { act: order.act, review, event: "COMMENT", places: [{ ...place, comment }] });
  return comment;
}

/** Changes the text of a review. The same text again is no edit. */
export function editReview(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly review: Review; readonly body: string },
): void {
  const { act, review, body } = order;
  if (review.body === body) return;
  mustFit(body, "PullRequestReview");
  const changes = { body: { from: review.body } };
  noteEdit(repository.world, review, { act, body });
  review.body = body;
  touch(repository, issue, review);
  tellReview(repository, issue, { act, action: "edited", review, more: { changes } });
}

/** Takes an approval or a request for changes back. @throws Refusal 422 for other reviews */
export function dismissReview(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly review: Review },
): void {
  const { act, review } = order;
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED") {
    throw unprocessable(`Can not dismiss a ${review.state.toLowerCase()} pull request review`);
  }
  review.state = "DISMISSED";
  touch(repository, issue, review);
  tellReview(repository, issue, { act, action: "dismissed", review });
}

/** Changes a comment in a thread. The same text again is no edit. */
export function editReviewComment(
  repository: Repository,
  place: ReviewCommentPlace,
  order: { readonly act: Act; readonly body: string },
): void {
  const { comment, issue } = place;
  const { act, body } = order;
  mustHaveText(body);
  if (comment.body === body) return;
  const changes = { body: { from: comment.body } };
  noteEdit(repository.world, comment, { act, body });
  comment.body = body;
  comment.read = false;
  touch(repository, issue, comment);
  if (comment.review.state !== "PENDING") tellComment(repository, place, { act, action: "edited", more: { changes } });
}

/** Removes a comment; a thread without comments is gone with it. */
export function deleteReviewComment(repository: Repository, place: ReviewCommentPlace, act: Act): void {
  const { issue, thread, comment } = place;
  const payload = { act, action: "deleted" } as const;
  if (comment.review.state !== "PENDING") tellComment(repository, place, payload);
  thread.comments.splice(thread.comments.indexOf(comment), 1);
  if (thread.comments.length === 0) issue.pull.threads.splice(issue.pull.threads.indexOf(thread), 1);
  issue.updatedAt = repository.world.now();
}

/** Resolves a thread or opens it again. Nothing happens, and nobody is told, when it is so already. */
export function setResolved(
  repository: Repository,
  { issue, thread }: ThreadPlace,
  order: { readonly act: Act; readonly to: "resolved" | "unresolved" },
): void {
  const { act, to } = order;
  if ((thread.resolvedBy !== undefined) === (to === "resolved")) return;
  thread.resolvedBy = to === "resolved" ? act.by : undefined;
  issue.updatedAt = repository.world.now();
  tellThread(repository, { issue, thread }, { act, action: to });
}

function newReview(
  repository: Repository,
  issue: PullIssue,
  order: { readonly act: Act; readonly body: string },
): Review {
  const now = repository.world.now();
  return {
    id: repository.world.ids.next("review"),
    author: order.act.by,
    createdAt: now,
    state: "PENDING",
    body: order.body,
    commitSha: issue.pull.headSha,
    submittedAt: undefined,
    updatedAt: now,
    edits: [],
  };
}

interface Submission {
  readonly act: Act;
  readonly review: Review;
  readonly event: ReviewEvent;
  readonly places: readonly ReviewCommentPlace[];
}

function submit(repository: Repository, issue: PullIssue, { act, review, event, places }: Submission): void {
  review.state = REVIEW_EVENTS[event];
  review.submittedAt = repository.world.now();
  touch(repository, issue, review);
  // Whoever was asked has answered.
  issue.pull.requestedReviewers = issue.pull.requestedReviewers.filter((account) => account !== act.by);
  tellReview(repository, issue, { act, action: "submitted", review });
  for (const place of places) tellComment(repository, place, { act, action: "created" });
}

function placesOf(issue: PullIssue, review: Review): ReviewCommentPlace[] {
  return issue.pull.threads.flatMap((thread) =>
    thread.comments.filter((comment) => comment.review === review).map((comment) => ({ issue, thread, comment })),
  );
}

function mayReview(
  issue: PullIssue,
  order: Pick<NewReview, "act" | "body" | "replies"> & { readonly threads: readonly unknown[] },
  event: ReviewEvent | undefined,
): void {
  const isOwn = issue.author === order.act.by;
  if (isOwn && event === "APPROVE") throw unprocessable("Can not approve your own pull request");
  if (isOwn && event === "REQUEST_CHANGES") throw unprocessable("Can not request changes on your own pull request");
  const isEmpty = order.body.trim() === "" && order.threads.length + order.replies.length === 0;
  if (isEmpty && event !== undefined && event !== "APPROVE") throw unprocessable("Could not submit an empty review");
}

function unprocessable(sentence: string): Refusal {
  return new Refusal(422, "Unprocessable Entity", [sentence]);
}

function mustHaveText(body: string): void {
  if (body.trim() === "") throw invalid({ resource: "PullRequestReviewComment", code: "missing_field", field: "body" });
  mustFit(body, "PullRequestReviewComment");
}

function touch(repository: Repository, issue: PullIssue, text: { updatedAt: number }): void {
  text.updatedAt = repository.world.now();
  issue.updatedAt = text.updatedAt;
}
