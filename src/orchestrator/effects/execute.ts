import { assertNever } from "../domain/decision.ts";
import type { Effect } from "../domain/effect.ts";
import { authorise } from "./authorise.ts";
import { completeCheck } from "./complete-check.ts";
import type { Done, EffectContext } from "./effect-context.ts";
import { openPullRequest } from "./open-pull-request.ts";
import { pushBranch } from "./push-branch.ts";
import { react } from "./react.ts";
import { readFeedback } from "./read-feedback.ts";
import { refreshStatus } from "./refresh-status.ts";
import { replyInThread } from "./reply-in-thread.ts";
import { reportReview } from "./report-review.ts";
import { requestReview } from "./request-review.ts";
import { resolveThread } from "./resolve-thread.ts";
import { say } from "./say.ts";

/** Orders that go through the outbox; `queue_run` and `cancel_run` are the store's own. */
export type OutboxEffect = Exclude<Effect, { type: "queue_run" | "cancel_run" }>;

/** Hands an effect to its executor: one file per verb. */
export function execute(effect: OutboxEffect, context: EffectContext): Promise<Done> {
  switch (effect.type) {
    case "authorise":
      return authorise(effect, context);
    case "react":
      return react(effect, context);
    case "refresh_status":
      return refreshStatus(context);
    case "say":
      return say(effect, context);
    case "push_branch":
      return pushBranch(effect, context);
    case "open_pull_request":
      return openPullRequest(effect, context);
    case "complete_check":
      return completeCheck(effect, context);
    case "request_review":
      return requestReview(effect, context);
    case "read_feedback":
      return readFeedback(effect, context);
    case "reply_in_thread":
      return replyInThread(effect, context);
    case "resolve_thread":
      return resolveThread(effect, context);
    case "report_review":
      return reportReview(effect, context);
    default:
      return assertNever(effect);
  }
}
