import { assertNever } from "./decision.ts";
import type { Task } from "./task.ts";

/** The one word people see for a task. */
export type Status =
  | "checking"
  | "queued"
  | "running"
  | "stopping"
  | "publishing"
  | "failed"
  | "blocked"
  | "stopped"
  | "in review"
  | "merged"
  | "closed"
  | "idle";

/** The only place that makes the one word people see: what is going on, else what holds it up, else how it ended. */
export function statusOf(task: Task): Status {
  switch (task.work.kind) {
    case "authorising":
      return "checking";
    case "queued":
    case "running":
    case "stopping":
    case "publishing":
      return task.work.kind;
    case "idle":
      return statusAtRest(task);
    default:
      return assertNever(task.work);
  }
}

function statusAtRest(task: Task): Status {
  if (task.halt.kind !== "none") return task.halt.kind;
  switch (task.pullRequest.kind) {
    case "none":
      return "idle";
    case "open":
      return "in review";
    case "merged":
    case "closed":
      return task.pullRequest.kind;
    default:
      return assertNever(task.pullRequest);
  }
}
