import { assertNever, type Decision, ignored } from "./decision.ts";
import type { Event, WorkEvent } from "./event.ts";
import type { Task } from "./task.ts";
import { answerWish, refuse, sayRefusal, startRun } from "./wishes.ts";

/** Nothing is going on: only wishes matter. */
export function whenIdle(task: Task, event: WorkEvent): Decision {
  switch (event.type) {
    case "trigger_authorised":
      return answerWish(task, event) ?? act(task, event);
    case "trigger_refused":
      return sayRefusal(task, event);
    case "trigger_dismissed":
    case "label_removed":
    case "issue_closed":
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
