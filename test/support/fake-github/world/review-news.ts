import { pullSummaryJson } from "../present/pull.ts";
import { reviewCommentWebhookJson, reviewWebhookJson, threadWebhookJson } from "../present/review.ts";
import type { Act, JsonObject, PullIssue, Repository, Review } from "./model.ts";
import type { ReviewCommentPlace, ThreadPlace } from "./threads.ts";

interface News {
  readonly act: Act;
  readonly action: string;
  readonly more?: JsonObject;
}

/** Sends the `pull_request_review` webhook. */
export function tellReview(repository: Repository, issue: PullIssue, news: News & { readonly review: Review }): void {
  const { world } = repository;
  const { act, action, review, more } = news;
  world.announce({
    act,
    event: "pull_request_review",
    action,
    repository,
    installation: world.installationOf(repository),
    body: () => ({
      pull_request: pullSummaryJson(repository, issue),
      review: reviewWebhookJson(repository, { issue, review }),
      ...more,
    }),
  });
}

/** Sends the `pull_request_review_comment` webhook. */
export function tellComment(repository: Repository, place: ReviewCommentPlace, { act, action, more }: News): void {
  const { world } = repository;
  world.announce({
    act,
    event: "pull_request_review_comment",
    action,
    repository,
    installation: world.installationOf(repository),
    body: () => ({
      pull_request: pullSummaryJson(repository, place.issue),
      comment: reviewCommentWebhookJson(repository, place),
      ...more,
    }),
  });
}

/** Sends the `pull_request_review_thread` webhook. */
export function tellThread(repository: Repository, place: ThreadPlace, { act, action }: News): void {
  const { world } = repository;
  world.announce({
    act,
    event: "pull_request_review_thread",
    action,
    repository,
    installation: world.installationOf(repository),
    body: () => ({
      pull_request: pullSummaryJson(repository, place.issue),
      thread: threadWebhookJson(repository, place),
      updated_at: null,
    }),
  });
}
