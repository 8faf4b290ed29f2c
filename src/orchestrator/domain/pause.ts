import { type Decision, decided } from "./decision.ts";
import type { Task } from "./task.ts";

/** Automatic rounds stop until somebody resumes them; the status comment and the check say who wanted it. */
export function pause(task: Task, by: string): Decision {
  const head = task.pullRequest.kind === "open" ? task.pullRequest.headSha : undefined;
  return decided(task, { review: { ...task.review, pausedBy: by } }, [
    ...(head === undefined ? [] : [{ type: "report_review", headSha: head } as const]),
    { type: "refresh_status" },
  ]);
}
