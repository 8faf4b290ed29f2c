import { reviewCommentJson, reviewJson } from "../present/review.ts";
import type { PullIssue, Review } from "../world/model.ts";
import { notFound } from "../world/refusal.ts";
import { replyInThread } from "../world/reviews.ts";
import { commentsShownTo, isShownTo, type ReviewCommentPlace, reviewCommentOf } from "../world/threads.ts";
import { isPull, pullOf } from "../world/world.ts";
import { addReaction, listReactions } from "./comments.ts";
import { created, numberParam, ok, page, type Reply, type RepositoryCall, type Route, textField } from "./route.ts";

const READ = [{ pull_requests: "read" }] as const;
const WRITE = [{ pull_requests: "write" }] as const;
const PULL = "/repos/{owner}/{repo}/pulls/{pull_number}";
const COMMENT = "/repos/{owner}/{repo}/pulls/comments/{comment_id}";

/** Reviews and the comments in their threads. Whether a thread is resolved or outdated is in GraphQL only. */
export const reviewRoutes: readonly Route[] = [
  { route: `GET ${PULL}/reviews`, for: "repository", needs: READ, answer: listReviews },
  { route: `GET ${PULL}/reviews/{review_id}`, for: "repository", needs: READ, answer: getReview },
  { route: `GET ${PULL}/comments`, for: "repository", needs: READ, answer: listOfPull },
  { route: `POST ${PULL}/comments/{comment_id}/replies`, for: "repository", needs: WRITE, answer: reply },
  { route: "GET /repos/{owner}/{repo}/pulls/comments", for: "repository", needs: READ, answer: listOfRepository },
  {
    route: `GET ${COMMENT}`,
    for: "repository",
    needs: READ,
    answer: (call) => ok(reviewCommentJson(call.repository, commentIn(call))),
  },
  {
    route: `GET ${COMMENT}/reactions`,
    for: "repository",
    needs: READ,
    answer: (call) => listReactions(call, commentIn(call).comment),
  },
  {
    route: `POST ${COMMENT}/reactions`,
    for: "repository",
    needs: WRITE,
    answer: (call) => addReaction(call, commentIn(call).comment),
  },
];

function pullIn(call: RepositoryCall): PullIssue {
  return pullOf(call.repository, numberParam(call, "pull_number"));
}

function listReviews(call: RepositoryCall): Reply {
  const issue = pullIn(call);
  return page(call, shownReviews(call, issue), (review) => reviewJson(call.repository, { issue, review }));
}

function getReview(call: RepositoryCall): Reply {
  const issue = pullIn(call);
  const review = shownReviews(call, issue).find(({ id }) => id === numberParam(call, "review_id"));
  if (review === undefined) throw notFound();
  return ok(reviewJson(call.repository, { issue, review }));
}

function shownReviews(call: RepositoryCall, issue: PullIssue): readonly Review[] {
  return issue.pull.reviews.filter((review) => isShownTo(call.world.bot, review));
}

/** Only the first comment of a thread can be answered by its number. */
function reply(call: RepositoryCall): Reply {
  const { repository, act } = call;
  const { issue, thread, comment: first } = commentIn(call);
  if (issue !== pullIn(call) || first !== thread.comments[0]) throw notFound();
  const comment = replyInThread(repository, { issue, thread }, { act, body: textField(call.body, "body") ?? "" });
  return created(reviewCommentJson(repository, { issue, thread, comment }));
}

function commentIn(call: RepositoryCall): ReviewCommentPlace {
  const place = reviewCommentOf(call.repository, numberParam(call, "comment_id"));
  if (!isShownTo(call.world.bot, place.comment.review)) throw notFound();
  return place;
}

function listOfPull(call: RepositoryCall): Reply {
  return pageOfComments(call, placesIn(call, [pullIn(call)]));
}

function listOfRepository(call: RepositoryCall): Reply {
  return pageOfComments(call, placesIn(call, call.repository.issues.filter(isPull)));
}

function placesIn({ world }: RepositoryCall, issues: readonly PullIssue[]): ReviewCommentPlace[] {
  return issues.flatMap((issue) =>
    issue.pull.threads.flatMap((thread) =>
      commentsShownTo(world.bot, thread).map((comment) => ({ issue, thread, comment })),
    ),
  );
}

/** Oldest first, unless a sort with another direction is asked for. */
function pageOfComments(call: RepositoryCall, places: ReviewCommentPlace[]): Reply {
  const { query, repository } = call;
  const since = Date.parse(query.get("since") ?? "1970-01-01T00:00:00Z");
  const key = query.get("sort") === "updated" ? "updatedAt" : "createdAt";
  const sign = query.get("direction") === "desc" && query.has("sort") ? -1 : 1;
  const shown = places
    .filter(({ comment }) => comment.updatedAt >= since)
    .sort((a, b) => sign * (a.comment[key] - b.comment[key] || a.comment.id - b.comment.id));
  return page(call, shown, (place) => reviewCommentJson(repository, place));
}
