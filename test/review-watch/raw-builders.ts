import type { Actor } from "../../src/orchestrator/domain/trigger.ts";
import type {
  RawComment,
  RawFeedback,
  RawReview,
  RawThread,
  RawThreadComment,
} from "../../src/review-watch/raw-feedback.ts";
import type { FeedbackContext } from "../../src/review-watch/who-counts.ts";

/** The people and bots of these stories. */
export const ann: Actor = { id: 101, login: "ann", type: "User" };
export const bob: Actor = { id: 102, login: "bob", type: "User" };
/** May not push. */
export const eve: Actor = { id: 666, login: "eve", type: "User" };
export const rabbit: Actor = { id: 201, login: "rabbit[bot]", type: "Bot" };
export const lint: Actor = { id: 202, login: "lint[bot]", type: "Bot" };
export const githubActions: Actor = { id: 41898282, login: "github-actions[bot]", type: "Bot" };
export const dependabot: Actor = { id: 49699333, login: "dependabot[bot]", type: "Bot" };
export const baton: Actor = { id: 777, login: "baton[bot]", type: "Bot" };

/** Minutes after an arbitrary noon, as GitHub's time. */
export function minute(count: number): number {
  return Date.parse("2026-03-02T12:00:00Z") + count * 60_000;
}

export const context: FeedbackContext = {
  ourselves: { botUserId: baton.id },
  slug: "baton",
  standing: new Map([
    [ann.id, "writer"],
    [bob.id, "writer"],
    [eve.id, "outsider"],
  ]),
  admitted: new Map(),
  bots: "all",
  ignoredBots: new Set([githubActions.id, dependabot.id]),
  isCommand: (body) => body.startsWith("/agent"),
};

export function pull(parts: Partial<RawFeedback>): RawFeedback {
  return { reviews: [], threads: [], comments: [], ...parts };
}

export function review(id: number, author: Actor, parts: Partial<RawReview> = {}): RawReview {
  return {
    id,
    author,
    state: "commented",
    submittedAt: minute(id),
    body: "The total is wrong for two items.",
    lastEditedAt: undefined,
    minimized: false,
    ...parts,
  };
}

/** A comment written in the minute of its id. */
export function reply(id: number, author: Actor, parts: Partial<RawThreadComment> = {}): RawThreadComment {
  return { ...comment(id, author), reviewId: undefined, state: "submitted", ...parts };
}

export function comment(id: number, author: Actor, parts: Partial<RawComment> = {}): RawComment {
  return {
    id,
    author,
    body: `Words of ${author.login}, number ${id}.`,
    createdAt: minute(id),
    lastEditedAt: undefined,
    minimized: false,
    ...parts,
  };
}

export function thread(comments: readonly RawThreadComment[], parts: Partial<RawThread> = {}): RawThread {
  return {
    nodeId: `PRRT_${comments[0]?.id ?? 0}`,
    firstCommentId: comments[0]?.id ?? 0,
    resolved: false,
    outdated: false,
    path: "src/total.ts",
    line: 12,
    originalLine: 12,
    hunk: "@@ -10,2 +10,3 @@\n line\n+const total = 0;",
    comments,
    ...parts,
  };
}
