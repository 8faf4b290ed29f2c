import type { Task } from "../domain/task.ts";

/** What starts the next run: while our pull request is open that is a round on it, and `/agent run` would be refused. */
export function withNextStep(text: string, { pullRequest }: Pick<Task, "pullRequest">): string {
  return pullRequest.kind === "open" ? text.replaceAll("`/agent run`", "`/agent fix-review`") : text;
}
