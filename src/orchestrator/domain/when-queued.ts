import { assertNever, type Decision, decided, ignored } from "./decision.ts";
import type { Event, WorkEvent } from "./event.ts";
import { reportReview } from "./report-review.ts";
import type { Task, Work } from "./task.ts";
import { answerWish, refuseSecondRun, sayRefusal } from "./wishes.ts";

type Queued = Work & { kind: "queued" };

/** A run waits for a free slot. */
export function whenQueued(task: Task, work: Queued, event: WorkEvent): Decision {
  switch (event.type) {
    case "run_started":
      if (event.run !== work.run) return ignored("another run");
      return decided(task, { work: { kind: "running", run: work.run, phase: "preparing", since: event.at } }, [
        { type: "refresh_status" },
      ]);
    case "trigger_authorised":
      return answerWish(task, event) ?? act(task, work, event);
    case "trigger_refused":
      return sayRefusal(task, event);
    case "label_removed":
      return task.label === event.label
        ? stop(task, work, event.actor.login)
        : ignored("not the label that started it");
    case "issue_closed":
      return stop(task, work, event.actor.login);
    case "queue_moved":
      return decided(task, {}, [{ type: "refresh_status" }]);
    case "trigger_dismissed":
      return ignored("nobody asked for anything");
    case "run_phase_changed":
    case "run_interrupted":
    case "run_ended":
    case "branch_pushed":
    case "publish_refused":
    case "pull_request_opened":
      return ignored("the run has not started");
    default:
      return assertNever(event);
  }
}

function act(task: Task, work: Queued, event: Event & { type: "trigger_authorised" }): Decision {
  return event.grant.verb === "run"
    ? refuseSecondRun(task, event.trigger)
    : stop(task, work, event.trigger.actor.login);
}

function stop(task: Task, work: Queued, by: string): Decision {
  return decided(task, { work: { kind: "idle" }, halt: { kind: "stopped", by } }, [
    { type: "cancel_run", run: work.run },
    ...reportReview(task),
    { type: "refresh_status" },
  ]);
}
