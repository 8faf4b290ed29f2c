import { type Decision, decided } from "./decision.ts";
import { reportReview } from "./report-review.ts";
import type { Task } from "./task.ts";

/** Automatic rounds stop until somebody resumes them; the status comment and the check say who wanted it. */
export function pause(task: Task, by: string): Decision {
  return decided(task, { review: { ...task.review, pausedBy: by } }, [
    ...reportReview(task),
    { type: "refresh_status" },
  ]);
}
