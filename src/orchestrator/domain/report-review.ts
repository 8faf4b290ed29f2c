import type { Effect } from "./effect.ts";
import type { Task } from "./task.ts";

/** The `baton/review` check brought up to date, where there is a pull request to show it on. */
export function reportReview({ pullRequest }: Pick<Task, "pullRequest">): readonly Effect[] {
  return pullRequest.kind === "open" ? [{ type: "report_review", headSha: pullRequest.headSha }] : [];
}
