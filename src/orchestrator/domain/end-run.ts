import { assertNever, type Decision, decided } from "./decision.ts";
import type { Event } from "./event.ts";
import type { Message } from "./message.ts";
import { publishAnswers } from "./publish-answers.ts";
import { readFeedback } from "./read-feedback.ts";
import { reportReview } from "./report-review.ts";
import type { Answered } from "./review.ts";
import type { RunOutcome } from "./run.ts";
import type { Halt, LastRun, RunEndKind, Task } from "./task.ts";
import type { Actor } from "./trigger.ts";

type Ended = Event & { type: "run_ended" };

/** Turns the outcome of the live run into exactly one end that people can see (product.md §3). */
export function endRun(task: Task, event: Ended): Decision {
  const { run, outcome, seconds } = event;
  const lastRun = { id: run, profile: task.profile ?? "default", end: endKind(outcome), seconds };
  if (outcome.kind === "changed") {
    const { headSha, report } = outcome;
    const work = { kind: "publishing", run, headSha, feedback: report.feedback } as const;
    return decided(task, { work, lastRun }, [{ type: "push_branch", run, headSha }]);
  }
  if (outcome.kind === "answered") return endAnswered(task, { run, feedback: outcome.feedback, lastRun, at: event.at });
  const changes: Partial<Task> = { work: { kind: "idle" }, halt: haltAfter(outcome), lastRun };
  const message = messageAfter(outcome, run, person(task));
  return decided(task, changes, [
    ...(message ? [{ type: "say", message, key: `end:${run}` } as const] : []),
    ...reportReview(task),
    { type: "refresh_status" },
    // A person's word that came meanwhile goes on where this came to a halt.
    ...(task.pullRequest.kind === "open" ? [readFeedback(task.pullRequest.number)] : []),
  ]);
}

/** The person to mention: who asked for the work. Nobody can have started a run without being recorded. */
export function person(task: Task): Actor {
  return task.requester ?? { id: 0, login: "ghost", type: "User" };
}

/** No commit, but answers: they are true of the head that is there. What came meanwhile is read at once. */
function endAnswered(
  task: Task,
  ended: { readonly run: string; readonly feedback: Answered; readonly lastRun: LastRun; readonly at: number },
): Decision {
  const { run, feedback, lastRun, at } = ended;
  const { pullRequest } = task;
  if (pullRequest.kind !== "open")
    return decided(task, { work: { kind: "idle" }, lastRun }, [{ type: "refresh_status" }]);
  const { number, headSha } = pullRequest;
  const { review, effects } = publishAnswers(task, { run, feedback, headSha, commit: "none", at });
  return decided(task, { work: { kind: "idle" }, lastRun, review, rounds: task.rounds + 1 }, [
    ...effects,
    { type: "report_review", headSha },
    { type: "refresh_status" },
    readFeedback(number),
  ]);
}

type Unpublished = Exclude<RunOutcome, { kind: "changed" | "answered" }>;

function endKind(outcome: RunOutcome): RunEndKind {
  switch (outcome.kind) {
    case "changed":
      return "pull_request";
    case "answered":
      return "answers";
    case "no_change":
      return "nothing_to_change";
    case "question":
      return "question";
    case "stopped":
      return "stopped";
    case "limit":
    case "gate":
      return "blocked";
    case "failed":
      return "failed";
    default:
      return assertNever(outcome);
  }
}

function haltAfter(outcome: Unpublished): Halt {
  switch (outcome.kind) {
    case "no_change":
      return { kind: "none" };
    case "question":
      return { kind: "blocked", cause: "question", detail: outcome.question };
    case "stopped":
      return { kind: "stopped", by: "the operator" };
    case "limit":
      return { kind: "blocked", cause: "limit", detail: outcome.which };
    case "gate":
      return { kind: "blocked", cause: "gate", detail: outcome.reasons.join("\n") };
    case "failed":
      return { kind: "failed", class: outcome.class, detail: outcome.detail };
    default:
      return assertNever(outcome);
  }
}

function messageAfter(outcome: Unpublished, run: string, to: Actor): Message | undefined {
  switch (outcome.kind) {
    case "no_change":
      return { kind: "nothing_to_change", to, reason: outcome.reason };
    case "question":
      return { kind: "question", to, question: outcome.question };
    case "stopped":
      return undefined;
    case "limit":
      return { kind: "limit_reached", to, which: outcome.which };
    case "gate":
      return { kind: "blocked", to, reasons: outcome.reasons, run, kept: outcome.kept };
    case "failed":
      return { kind: "failed", to, class: outcome.class, detail: outcome.detail };
    default:
      return assertNever(outcome);
  }
}
