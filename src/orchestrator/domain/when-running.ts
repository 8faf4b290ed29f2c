import { assertNever, type Decision, decided, ignored } from "./decision.ts";
import { endRun } from "./end-run.ts";
import type { Event, WorkEvent } from "./event.ts";
import type { Task, Work } from "./task.ts";
import { answerWish, refuseSecondRun, sayRefusal } from "./wishes.ts";

type Running = Work & { kind: "running" };

/** An agent is at work, or its result is being checked. */
export function whenRunning(task: Task, work: Running, event: WorkEvent): Decision {
  switch (event.type) {
    case "run_phase_changed":
      if (event.run !== work.run) return ignored("another run");
      return decided(task, { work: { ...work, phase: event.phase } }, [{ type: "refresh_status" }]);
    case "run_started":
      if (event.run !== work.run) return ignored("another run");
      return decided(task, { work: { ...work, phase: "preparing", since: event.at } }, [{ type: "refresh_status" }]);
    case "run_interrupted":
      if (event.run !== work.run) return ignored("another run");
      return decided(task, { work: { kind: "queued", run: work.run } }, [{ type: "refresh_status" }]);
    case "run_ended":
      return event.run === work.run ? endRun(task, event) : ignored("another run");
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
    case "trigger_dismissed":
      return ignored("the run has started");
    case "branch_pushed":
    case "publish_refused":
    case "pull_request_opened":
      return ignored("nothing of this run is published yet");
    default:
      return assertNever(event);
  }
}

function act(task: Task, work: Running, event: Event & { type: "trigger_authorised" }): Decision {
  return event.grant.verb === "run"
    ? refuseSecondRun(task, event.trigger)
    : stop(task, work, event.trigger.actor.login);
}

function stop(task: Task, work: Running, by: string): Decision {
  return decided(task, { work: { kind: "stopping", run: work.run, by } }, [
    { type: "cancel_run", run: work.run },
    { type: "refresh_status" },
  ]);
}
