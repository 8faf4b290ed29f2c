import type { Event } from "./domain/event.ts";
import type { Task } from "./domain/task.ts";
import type { Actor } from "./domain/trigger.ts";
import type { Place } from "./ports.ts";
import { aboutPlace, attempt, type Pass, recover } from "./reconcile-pass.ts";
import type { Thread } from "./reconcile-ports.ts";

/** GitHub's stand-in for accounts that were deleted. */
const ghost: Actor = { id: 10137, login: "ghost", type: "User" };

/** Whether a task that something is going on with was ended by somebody in a way no webhook told of. One read. */
export async function checkLiveTask(
  pass: Pass,
  { at, task }: { readonly at: Place; readonly task: Task },
): Promise<void> {
  const { repository, installationId } = at;
  const { issue, title } = task;
  await attempt(pass, { installationId, about: { ...aboutPlace(at), issue } }, async () => {
    pass.counts.liveTasks += 1;
    const event = await eventMissed(pass, { at, task });
    if (event) await recover(pass, { repository, installationId, issue, title, event });
  });
}

async function eventMissed(
  { github }: Pass,
  { at, task }: { readonly at: Place; readonly task: Task },
): Promise<Event | undefined> {
  const { work, pullRequest } = task;
  if (work.kind === "authorising" || work.kind === "queued" || work.kind === "running")
    return endOfIssue(task, await github.readThread(at, task.issue));
  if (pullRequest.kind === "open")
    return endOfPullRequest(await github.readThread(at, pullRequest.number), pullRequest);
  return undefined;
}

/** Closed, or without the label that started the work. */
function endOfIssue(task: Task, { closed, labels, unlabelings }: Thread): Event | undefined {
  if (closed) return { type: "issue_closed", at: closed.at, actor: closed.actor ?? ghost };
  const label = labelOf(task);
  if (label === undefined || labels.some((each) => isSame(each, label))) return undefined;
  // A label that was renamed or deleted leaves the issue too, without anybody having taken it off.
  const taken = unlabelings.findLast((each) => isSame(each.label, label));
  return taken && { type: "label_removed", at: taken.at, label, actor: taken.actor ?? ghost };
}

function endOfPullRequest({ closed, merged }: Thread, { number }: { readonly number: number }): Event | undefined {
  return closed && { type: "pull_request_closed", at: closed.at, number, merged, actor: closed.actor ?? ghost };
}

function labelOf({ work, label }: Task): string | undefined {
  if (work.kind !== "authorising") return label;
  return work.trigger.source.kind === "label" ? work.trigger.source.label : undefined;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
