import { assertNever, type Decision, decided, ignored } from "./decision.ts";
import type { Event, WorkEvent } from "./event.ts";
import { reportReview } from "./report-review.ts";
import type { Task, Work } from "./task.ts";
import { answerWish, refuse, sayRefusal } from "./wishes.ts";

type Stopping = Work & { kind: "stopping" };

/** The run was told to stop; whatever it still hands over is not published. */
export function whenStopping(task: Task, work: Stopping, event: WorkEvent): Decision {
  switch (event.type) {
    case "run_ended":
      if (event.run !== work.run) return ignored("another run");
      return stopped(task, work, event.seconds);
    case "run_interrupted":
      return event.run === work.run ? stopped(task, work, 0) : ignored("another run");
    case "trigger_authorised":
      return answerWish(task, event) ?? act(task, event);
    case "trigger_refused":
      return sayRefusal(task, event);
    case "label_removed":
    case "issue_closed":
      return ignored("already stopping");
    case "run_started":
    case "run_phase_changed":
    case "queue_moved":
    case "trigger_dismissed":
    case "branch_pushed":
    case "publish_refused":
    case "pull_request_opened":
      return ignored("the run is being stopped");
    default:
      return assertNever(event);
  }
}

function act(task: Task, event: Event & { type: "trigger_authorised" }): Decision {
  return event.grant.verb === "run"
    ? refuse(task, event.trigger, { kind: "already_running" })
    : ignored("already stopping");
}

function stopped(task: Task, work: Stopping, seconds: number): Decision {
  const lastRun = { id: work.run, profile: task.profile ?? "default", end: "stopped", seconds } as const;
  // What was stopped because its pull request is over holds nothing up.
  const isOver = task.pullRequest.kind === "merged" || task.pullRequest.kind === "closed";
  const halt = isOver ? ({ kind: "none" } as const) : ({ kind: "stopped", by: work.by } as const);
  return decided(task, { work: { kind: "idle" }, halt, lastRun }, [...reportReview(task), { type: "refresh_status" }]);
}
