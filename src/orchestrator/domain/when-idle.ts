import { assertNever, type Decision, ignored } from "./decision.ts";
import type { Event, WorkEvent } from "./event.ts";
import { pause } from "./pause.ts";
import type { Task } from "./task.ts";
import { answerWish, refuse, sayRefusal, startRun } from "./wishes.ts";

/** Nothing is going on: only wishes matter. */
export function whenIdle(task: Task, event: WorkEvent): Decision {
  switch (event.type) {
    case "trigger_authorised":
      return answerWish(task, event) ?? act(task, event);
    case "trigger_refused":
      return sayRefusal(task, event);
    case "label_removed":
      return task.pullRequest.kind === "open" && task.label === event.label && task.review.pausedBy === undefined
        ? pause(task, event.actor.login)
        : ignored("nothing is going on");
    case "issue_closed":
      return task.pullRequest.kind === "open" && task.review.pausedBy === undefined
        ? pause(task, event.actor.login)
        : ignored("nothing is going on");
    case "trigger_dismissed":
    case "queue_moved":
      return ignored("nothing is going on");
    case "run_started":
    case "run_phase_changed":
    case "run_interrupted":
    case "run_ended":
    case "branch_pushed":
    case "publish_refused":
    case "pull_request_opened":
      return ignored("that run is no longer this task's work");
    default:
      return assertNever(event);
  }
}

function act(task: Task, event: Event & { type: "trigger_authorised" }): Decision {
  if (event.grant.verb !== "run") return refuse(task, event.trigger, { kind: "nothing_to_stop" });
  const withdrawn = task.withdrawnAt !== undefined && event.trigger.at <= task.withdrawnAt;
  return withdrawn ? ignored("taken back before it was authorised") : startRun(task, event.trigger, event.grant);
}
