import type { Effect } from "./effect.ts";
import type { Task } from "./task.ts";

/**
 * What an event leads to: the next task and the orders to carry out, or nothing with the reason. An ignored event is
 * logged with its reason; it never throws, because webhooks are late, doubled and out of order by nature.
 */
export type Decision =
  | { readonly kind: "decided"; readonly task: Task; readonly effects: readonly Effect[] }
  | { readonly kind: "ignored"; readonly reason: string };

/** The task changes as given and the effects follow, in this order. */
export function decided(task: Task, changes: Partial<Task>, effects: readonly Effect[]): Decision {
  return { kind: "decided", task: { ...task, ...changes, version: task.version + 1 }, effects };
}

/** Nothing happens; `reason` goes to the decision log. */
export function ignored(reason: string): Decision {
  return { kind: "ignored", reason };
}

/** Ends a switch over a closed union; reaching it is a defect of ours. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
