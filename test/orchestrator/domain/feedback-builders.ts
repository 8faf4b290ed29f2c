import type { Answer, FeedbackItem } from "../../../src/orchestrator/domain/feedback.ts";
import type { Actor } from "../../../src/orchestrator/domain/trigger.ts";

export const ann: Actor = { id: 101, login: "ann", type: "User" };
export const rabbit: Actor = { id: 201, login: "rabbit[bot]", type: "Bot" };
export const lint: Actor = { id: 202, login: "lint[bot]", type: "Bot" };
export const baton: Actor = { id: 777, login: "baton[bot]", type: "Bot" };

export const fixed: Answer = { kind: "fixed", sha: "a".repeat(40), note: "The loop now ends on an empty list." };
export const declined: Answer = { kind: "declined", reason: "The list is never empty here; the caller checks it." };
export const question: Answer = { kind: "question", question: "Should an empty list be an error?" };

/** Minutes after an arbitrary noon. */
export function minute(count: number): number {
  return Date.parse("2026-03-02T12:00:00Z") + count * 60_000;
}

export function versionAt(count: number, id: number): string {
  return `${new Date(minute(count)).toISOString()}#${String(id).padStart(16, "0")}`;
}

/** A finding in a thread of its own, written in that minute. */
export function inThread(
  id: string,
  by: Actor,
  at: number,
  { text = "The loop never ends when the list is empty.", path = "src/total.ts", line = 12 } = {},
): FeedbackItem {
  return {
    id,
    surface: "thread",
    by,
    from: by.type === "Bot" ? "bot" : "person",
    owed: "answer",
    version: versionAt(at, at),
    entries: [{ author: by, at: minute(at), body: text }],
    place: { path, line, hunk: "@@ -1 +1 @@\n+  while (list.length === 0) {", outdated: false },
    thread: { nodeId: `PRRT_${id}`, firstCommentId: at, resolved: false },
  };
}
