import { assertNever, type Decision, decided, ignored } from "./decision.ts";
import { person } from "./end-run.ts";
import type { Event, WorkEvent } from "./event.ts";
import { publishAnswers } from "./publish-answers.ts";
import { readFeedback } from "./read-feedback.ts";
import { reportReview } from "./report-review.ts";
import type { Task, Work } from "./task.ts";
import { answerWish, refuse, sayRefusal } from "./wishes.ts";

type Publishing = Work & { kind: "publishing" };

/** The work passed the gate and is on its way: push, then pull request, then what people read. */
export function whenPublishing(task: Task, work: Publishing, event: WorkEvent): Decision {
  switch (event.type) {
    case "branch_pushed":
      if (event.run !== work.run) return ignored("another run");
      return pushed(task, work, event);
    case "pull_request_opened":
      return event.run === work.run ? published(task, event) : ignored("another run");
    case "publish_refused":
      return event.run === work.run ? refused(task, event.reason) : ignored("another run");
    case "trigger_authorised":
      return answerWish(task, event) ?? act(task, event);
    case "trigger_refused":
      return sayRefusal(task, event);
    case "label_removed":
    case "issue_closed":
      return ignored("the work is already on its way");
    case "run_started":
    case "run_phase_changed":
    case "run_interrupted":
    case "run_ended":
    case "queue_moved":
    case "trigger_dismissed":
      return ignored("the run has ended");
    default:
      return assertNever(event);
  }
}

/** A first push becomes a pull request; a later one is news on the one there is, and brings its answers. */
function pushed(task: Task, work: Publishing, { headSha, at }: Event & { type: "branch_pushed" }): Decision {
  const { pullRequest } = task;
  const { run, feedback } = work;
  if (feedback && pullRequest.kind !== "open")
    return decided(task, { work: { kind: "idle" }, pushedSha: headSha }, [{ type: "refresh_status" }]);
  if (pullRequest.kind !== "open" || !feedback)
    return decided(task, { pushedSha: headSha }, [{ type: "open_pull_request", run, headSha }]);
  const { number } = pullRequest;
  const { review, effects } = publishAnswers(task, { run, feedback, headSha, commit: "new", at });
  const changes: Partial<Task> = {
    work: { kind: "idle" },
    pushedSha: headSha,
    pullRequest: { kind: "open", number, headSha },
    rounds: task.rounds + 1,
    review,
  };
  return decided(task, changes, [
    { type: "complete_check", run, headSha },
    ...effects,
    { type: "report_review", headSha },
    { type: "refresh_status" },
    // What was written while the agent worked waits for nobody.
    readFeedback(number),
  ]);
}

/** What is on its way cannot be stopped any more; the status comment says how it went in a moment. */
function act(task: Task, event: Event & { type: "trigger_authorised" }): Decision {
  return event.grant.verb === "run"
    ? refuse(task, event.trigger, { kind: "already_running" })
    : decided(task, {}, [{ type: "refresh_status" }]);
}

function published(task: Task, event: Event & { type: "pull_request_opened" }): Decision {
  const { number, headSha } = event;
  const asked = task.requester ? [{ type: "request_review", number, login: task.requester.login } as const] : [];
  return decided(
    task,
    { work: { kind: "idle" }, pullRequest: { kind: "open", number, headSha }, rounds: task.rounds + 1 },
    [
      { type: "complete_check", run: event.run, headSha },
      { type: "report_review", headSha },
      ...asked,
      { type: "refresh_status" },
    ],
  );
}

function refused(task: Task, reason: string): Decision {
  const halt = { kind: "failed", class: "publish_refused", detail: reason } as const;
  const message = { kind: "failed", to: person(task), class: "publish_refused", detail: reason } as const;
  const lastRun = task.lastRun ? { ...task.lastRun, end: "failed" as const } : undefined;
  return decided(task, { work: { kind: "idle" }, halt, lastRun }, [
    { type: "say", message, key: `publish-refused:${task.version}` },
    ...reportReview(task),
    { type: "refresh_status" },
  ]);
}
