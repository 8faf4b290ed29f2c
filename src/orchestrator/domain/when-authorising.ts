import { assertNever, type Decision, decided, ignored } from "./decision.ts";
import type { Event, WorkEvent } from "./event.ts";
import type { Task, Work } from "./task.ts";
import { answerWish, isSameTrigger, sayRefusal, startRun } from "./wishes.ts";

type Authorising = Work & { kind: "authorising" };

/** Somebody asked for a run and we are finding out whether they may. */
export function whenAuthorising(task: Task, work: Authorising, event: WorkEvent): Decision {
  switch (event.type) {
    case "trigger_authorised":
      return answerWish(task, event) ?? act(task, event);
    case "trigger_refused":
      return sayRefusal(task, event, isSameTrigger(work.trigger, event.trigger) ? { work: { kind: "idle" } } : {});
    case "trigger_dismissed":
      return isSameTrigger(work.trigger, event.trigger)
        ? decided(task, { work: { kind: "idle" } }, [])
        : ignored("another trigger is being authorised");
    case "label_removed":
      return work.trigger.source.kind === "label" && work.trigger.source.label === event.label
        ? decided(task, { work: { kind: "idle" }, withdrawnAt: event.at }, [])
        : ignored("not the label that asked");
    case "issue_closed":
      return decided(task, { work: { kind: "idle" }, withdrawnAt: event.at }, []);
    case "queue_moved":
    case "run_started":
    case "run_phase_changed":
    case "run_interrupted":
    case "run_ended":
    case "branch_pushed":
    case "publish_refused":
    case "pull_request_opened":
      return ignored("no run belongs to this work");
    default:
      return assertNever(event);
  }
}

function act(task: Task, event: Event & { type: "trigger_authorised" }): Decision {
  if (event.grant.verb === "run") return startRun(task, event.trigger, event.grant);
  const halt = { kind: "stopped", by: event.trigger.actor.login } as const;
  return decided(task, { work: { kind: "idle" }, halt }, [{ type: "refresh_status" }]);
}
