import { createHash } from "node:crypto";
import type { LeftOut, Snapshot, SnapshotComment } from "../orchestrator/domain/snapshot.ts";
import type { Actor, Trigger } from "../orchestrator/domain/trigger.ts";
import { cleanText } from "../text/clean-text.ts";
import { stripInvisible } from "../text/invisible.ts";
import { parseComment } from "./command.ts";
import type { Ourselves } from "./facts.ts";
import type { CommentFacts, IssueFacts } from "./issue-facts.ts";

/** Everything the frozen input is made of. */
export interface SnapshotSources {
  readonly facts: IssueFacts;
  readonly trigger: Trigger;
  /** Nothing written or edited at or after this moment is taken. Milliseconds since the epoch. */
  readonly cutoff: number;
  /** Account ids that may push now. */
  readonly writers: ReadonlySet<number>;
  readonly ourselves: Ourselves;
}

/** Code points; a GitHub issue holds 65,536, and a prompt should not be all comments. */
const maxBody = 70_000;
const maxTitle = 1000;
const maxComments = 120_000;
const cutNote = "\n\n(cut: too long)";
/** GitHub's stand-in for accounts that were deleted. */
const ghost: Actor = { id: 10137, login: "ghost", type: "User" };

/**
 * Freezes the input of one run (product.md §3.1, security.md T07): title and body as the signed payload carried them,
 * comments of people who may push, written and last edited before the trigger, all cleaned of hidden text (T13).
 * Whatever was left out is listed with its reason.
 */
export function buildSnapshot(sources: SnapshotSources): Snapshot {
  const { facts, trigger } = sources;
  const title = stripInvisible(trigger.issue.title.replaceAll(/\s+/g, " "));
  const body = cleanText(trigger.issue.body);
  const guidance = cleanText(trigger.guidance);
  const judged = facts.comments
    .filter((comment) => !isOwnOrTrigger(comment, sources))
    .map((comment) => ({ comment, reason: whyLeftOut(comment, sources) }));
  const admitted = cutToSize(judged.flatMap(({ comment, reason }) => (reason ? [] : admit(comment))));
  const content = {
    title: cut(title.text.trim(), maxTitle),
    body: cut(body.text.trim(), maxBody),
    author: facts.author ?? ghost,
    comments: admitted.kept.map(({ comment }) => comment),
    guidance: cut(guidance.text.trim(), maxBody),
  };
  const removed = [title, body, guidance, ...admitted.kept].reduce((sum, part) => sum + part.removed, 0);
  const leftOut: readonly LeftOut[] = [
    ...judged.flatMap(({ comment, reason }) => (reason ? [leave(comment.author, reason)] : [])),
    ...admitted.cut.map(({ comment }) => leave(comment.author, "cut: too long")),
    ...(facts.truncated ? [{ what: "comment" as const, who: "newer comments", reason: "cut: too long" as const }] : []),
  ];
  return { ...content, removed, leftOut, hash: hashOf(content) };
}

/** The frozen input of an earlier run, with what a person says who asks for more. */
export function withGuidance(snapshot: Snapshot, guidance: string): Snapshot {
  const cleaned = cleanText(guidance);
  const { title, body, author, comments } = snapshot;
  const content = { title, body, author, comments, guidance: cut(cleaned.text.trim(), maxBody) };
  return { ...snapshot, ...content, removed: snapshot.removed + cleaned.removed, hash: hashOf(content) };
}

/**
 * Authors whose permission decides whether their comments are admitted: each account once, and none whose comments
 * are left out for another reason.
 */
export function authorsToCheck(sources: Omit<SnapshotSources, "writers">): readonly Actor[] {
  const authors = new Map<number, Actor>();
  for (const comment of sources.facts.comments) {
    if (!comment.author || isOwnOrTrigger(comment, sources)) continue;
    const everybodyWrites = { ...sources, writers: new Set([comment.author.id]) };
    if (!whyLeftOut(comment, everybodyWrites)) authors.set(comment.author.id, comment.author);
  }
  return [...authors.values()];
}

/** The command itself is guidance, and what we wrote is no input to ourselves: neither is worth a line. */
function isOwnOrTrigger({ id, author }: CommentFacts, sources: Omit<SnapshotSources, "writers">): boolean {
  const { source } = sources.trigger;
  return author?.id === sources.ourselves.botUserId || (source.kind === "comment" && source.commentId === id);
}

function whyLeftOut(comment: CommentFacts, { cutoff, writers }: SnapshotSources): LeftOut["reason"] | undefined {
  if (comment.author?.type === "Bot") return "bot";
  if (comment.minimized) return "minimized";
  if (comment.createdAt >= cutoff) return "written after the trigger";
  if (comment.lastEditedAt !== undefined && comment.lastEditedAt >= cutoff) return "edited after the trigger";
  return comment.author && writers.has(comment.author.id) ? undefined : "no push permission";
}

interface Admitted {
  readonly comment: SnapshotComment;
  readonly removed: number;
}

function admit({ id, author, createdAt, body }: CommentFacts): readonly Admitted[] {
  if (!author) return [];
  const cleaned = cleanText(withoutCommand(body));
  if (cleaned.text.trim() === "") return [];
  return [{ comment: { id, author, at: createdAt, body: cleaned.text.trim() }, removed: cleaned.removed }];
}

/** An earlier command was for us; what its writer said to the agent below it stays. */
function withoutCommand(body: string): string {
  const parsed = parseComment(body);
  return parsed.kind === "command" ? parsed.guidance : body;
}

/** The newest comments fit first; the order stays. */
function cutToSize(comments: readonly Admitted[]): {
  readonly kept: readonly Admitted[];
  readonly cut: readonly Admitted[];
} {
  let room = maxComments;
  let first = comments.length;
  while (first > 0) {
    room -= [...(comments[first - 1]?.comment.body ?? "")].length;
    if (room < 0) break;
    first -= 1;
  }
  return { kept: comments.slice(first), cut: comments.slice(0, first) };
}

function cut(text: string, max: number): string {
  const points = [...text];
  return points.length <= max ? text : points.slice(0, max - cutNote.length).join("") + cutNote;
}

function leave(author: Actor | undefined, reason: LeftOut["reason"]): LeftOut {
  return { what: "comment", who: author?.login ?? ghost.login, reason };
}

/** SHA-256, in hex, of the JSON with sorted keys: the same content gives the same hash wherever it is computed. */
function hashOf(content: object): string {
  const canonical = JSON.stringify(content, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(canonical).digest("hex");
}
