import type { Event } from "./event.ts";
import type { Task } from "./task.ts";
import type { Trigger } from "./trigger.ts";

/**
 * What makes late, doubled and reconstructed reports of one act harmless. An act is told apart by GitHub's own time: a
 * label's webhook says when the issue last changed, which is up to a second after the time its timeline gives.
 */
const sameActMs = 1000;

/** Whether this labelling, or a later one of the same label, was taken up before. */
export function isHandledLabelling(task: Task, { source, at }: Trigger): boolean {
  if (source.kind !== "label") return false;
  const seen = task.seenLabels[nameOf(source.label)];
  return seen !== undefined && at <= seen + sameActMs;
}

/** The labels seen on this task once `trigger` is taken up. */
export function withLabelling(task: Task, { source, at }: Trigger): Task["seenLabels"] {
  return source.kind === "label" ? { ...task.seenLabels, [nameOf(source.label)]: at } : task.seenLabels;
}

/** Whether somebody asked again after this: late news of an earlier request must not end the later one. */
export function isOvertaken(task: Task, event: Event & { type: "label_removed" | "issue_closed" }): boolean {
  const asked = task.work.kind === "authorising" ? task.work.trigger.at : task.requestedAt;
  const labelled = event.type === "label_removed" ? task.seenLabels[nameOf(event.label)] : undefined;
  return event.at < Math.max(asked ?? 0, labelled ?? 0);
}

/** GitHub tells labels apart without regard to case. */
function nameOf(label: string): string {
  return label.toLowerCase();
}
