import { assertNever, type Decision, decided, ignored } from "./decision.ts";
import type { Effect } from "./effect.ts";
import type { Event, WorkEvent } from "./event.ts";
import { isHandledLabelling, isOvertaken, withLabelling } from "./late-news.ts";
import type { Task } from "./task.ts";
import type { Trigger } from "./trigger.ts";
import { followDraft, noticeFeedback, tellResolutionRefused, tellUnread, weighFeedback } from "./weigh-feedback.ts";
import { whenAuthorising } from "./when-authorising.ts";
import { whenIdle } from "./when-idle.ts";
import { whenPublishing } from "./when-publishing.ts";
import { whenQueued } from "./when-queued.ts";
import { whenRunning } from "./when-running.ts";
import { whenStopping } from "./when-stopping.ts";

/**
 * The one place that decides what happens to a task. Pure: the same task and event always give the same decision
 * (ADR 0001). Some facts mean the same whatever the task is busy with; the rest is decided by the kind of work.
 */
export function decide(task: Task, event: Event): Decision {
  switch (event.type) {
    case "trigger_received":
      return receiveTrigger(task, event);
    case "pull_request_closed":
      return closePullRequest(task, event);
    case "feedback_noticed":
      return noticeFeedback(task, event);
    case "feedback_read":
      return weighFeedback(task, event);
    case "draft_changed":
      return followDraft(task, event);
    case "feedback_unread":
      return tellUnread(task, event);
    case "resolution_refused":
      return tellResolutionRefused(task, event);
    case "label_removed":
    case "issue_closed":
      return isOvertaken(task, event) ? ignored("somebody asked again since") : decideByWork(task, event);
    default:
      return decideByWork(task, event);
  }
}

function decideByWork(task: Task, event: WorkEvent): Decision {
  switch (task.work.kind) {
    case "idle":
      return whenIdle(task, event);
    case "authorising":
      return whenAuthorising(task, task.work, event);
    case "queued":
      return whenQueued(task, task.work, event);
    case "running":
      return whenRunning(task, task.work, event);
    case "stopping":
      return whenStopping(task, task.work, event);
    case "publishing":
      return whenPublishing(task, task.work, event);
    default:
      return assertNever(task.work);
  }
}

/**
 * 👀 first, then find out whether this person may ask for it. A busy task keeps what it is doing: the answer to the
 * second wish comes when its authorisation returns.
 */
function receiveTrigger(task: Task, event: Event & { type: "trigger_received" }): Decision {
  const { trigger } = event;
  if (isHandledLabelling(task, trigger)) return ignored("this labelling was handled");
  const seen: readonly Effect[] = trigger.source.kind === "label" ? [] : [acknowledge(trigger)];
  const effects: readonly Effect[] = [...seen, { type: "authorise", trigger }];
  const starts = trigger.wish.verb === "run" && task.work.kind === "idle";
  const work = starts ? { kind: "authorising" as const, trigger } : task.work;
  return decided(task, { work, seenLabels: withLabelling(task, trigger) }, effects);
}

function acknowledge({ source, actor }: Trigger): Effect {
  return source.kind === "review"
    ? { type: "say", message: { kind: "seen", to: actor }, key: `seen:review-${source.reviewId}`, on: source.thread }
    : { type: "react", to: source };
}

function closePullRequest(task: Task, event: Event & { type: "pull_request_closed" }): Decision {
  if (task.pullRequest.kind !== "open" || task.pullRequest.number !== event.number) {
    return ignored("not the open pull request of this task");
  }
  const pullRequest = { kind: event.merged ? ("merged" as const) : ("closed" as const), number: event.number };
  return decided(task, { pullRequest, ...withoutRound(task, event.actor.login) }, [
    ...(task.work.kind === "queued" || task.work.kind === "running"
      ? [{ type: "cancel_run", run: task.work.run } as const]
      : []),
    { type: "refresh_status" },
  ]);
}

/** A round on a pull request that is no longer open is of no use to anybody. What is on its way comes to its own end. */
function withoutRound({ work }: Task, by: string): Partial<Task> {
  if (work.kind === "queued") return { work: { kind: "idle" } };
  return work.kind === "running" ? { work: { kind: "stopping", run: work.run, by } } : {};
}
