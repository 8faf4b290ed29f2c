import type { Probot } from "probot";
import type { Fact, Family, FamilyContext } from "./facts.ts";
import type { VerifiedDelivery } from "./guard.ts";
import { commentCreated, commentEdited } from "./issue-comment.ts";
import { issueLabeled, issueUnlabeled, issueWasClosed } from "./issues.ts";
import { pullRequestLabeled } from "./pull-request.ts";
import { draftChanged, reviewChanged, reviewCommentWritten, reviewWasSubmitted } from "./pull-request-review.ts";

/** Exact names only: GitHub adds actions, and a handler for a whole family would act on ones nobody thought of. */
export const families = {
  "issues.labeled": issueLabeled,
  "issues.unlabeled": issueUnlabeled,
  "issues.closed": issueWasClosed,
  "issue_comment.created": commentCreated,
  "issue_comment.edited": commentEdited,
  "pull_request.labeled": pullRequestLabeled,
  "pull_request.synchronize": reviewChanged,
  "pull_request.converted_to_draft": draftChanged,
  "pull_request.ready_for_review": draftChanged,
  "pull_request_review.submitted": reviewWasSubmitted,
  "pull_request_review.edited": reviewChanged,
  "pull_request_review.dismissed": reviewChanged,
  "pull_request_review_comment.created": reviewCommentWritten,
  "pull_request_review_comment.edited": reviewChanged,
  "pull_request_review_comment.deleted": reviewChanged,
  "pull_request_review_thread.resolved": reviewChanged,
  "pull_request_review_thread.unresolved": reviewChanged,
} as const satisfies Readonly<Record<string, Family>>;

/** Families of other folders, with the same shape. */
export type MoreFamilies = Readonly<Partial<Record<"pull_request.closed", Family>>>;

export interface Registration {
  /** Only its event table is used: no server, no routes, no Octokit call. */
  readonly app: Pick<Probot, "on" | "receive">;
  readonly context: FamilyContext;
  readonly more: MoreFamilies;
}

/**
 * Registers every family with Probot and returns the way through it: a verified delivery in, its fact out, or nothing
 * when no family is meant. Nothing is stored here, so that delivery and decision can share one transaction.
 *
 * A family's error is carried past Probot, which would log it together with the payload.
 */
export function registerHandlers({ app, context, more }: Registration) {
  const pending = new WeakMap<object, Promise<Fact | undefined>>();
  const all: readonly (readonly [string, Family])[] = Object.entries({ ...families, ...more });
  for (const [name, family] of all) {
    app.on(name as keyof typeof families, async ({ payload }) => {
      const reading = family(payload, context);
      reading.catch(() => {});
      pending.set(payload, reading);
    });
  }
  return async function translate({ id, event, payload }: VerifiedDelivery): Promise<Fact | undefined> {
    await app.receive({ id, name: event, payload } as unknown as Parameters<typeof app.receive>[0]);
    return pending.get(payload);
  };
}
