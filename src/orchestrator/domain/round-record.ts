import type { Answer, FeedbackItem } from "./feedback.ts";
import type { LineChanges } from "./line-changes.ts";
import { saysTheSame } from "./similar-words.ts";
import type { Actor } from "./trigger.ts";

/** What somebody said last about an item, and where. */
export interface SaidFinding {
  readonly item: string;
  readonly version: string;
  readonly by: Actor;
  readonly path: string | undefined;
  readonly line: number | undefined;
  /** The line the reviewer stood on. Empty for what stands nowhere. */
  readonly lineText: string;
  /** What was said last, cut. */
  readonly text: string;
  /** What it began with, cut: by then a person may have added a word to a bot's finding. */
  readonly raised: { readonly by: Actor; readonly text: string };
}

/** A finding as a round answered it. */
export interface AnsweredFinding extends SaidFinding {
  readonly answer: Answer;
}

/** What a round leaves behind for the loop breaker. */
export interface RoundRecord {
  readonly round: number;
  readonly startedBy: "person" | "bots";
  /** GitHub's time when its answers were out: what was written later can be a reaction to it. */
  readonly endedAt: number;
  readonly commit: string | undefined;
  readonly lines: readonly LineChanges[];
  readonly findings: readonly AnsweredFinding[];
}

/** Lines move when others are added above them. */
const nearLines = 10;
const longestText = 1000;

/** Whether a person's word is among what a round is to answer: who said the newest of an item, not who raised it. */
export function startedBy(pending: readonly FeedbackItem[]): "person" | "bots" {
  return pending.some((item) => newestEntry(item)?.author.type !== "Bot") ? "person" : "bots";
}

/** The records of what a round answered, from the items as it was given them. Unanswered items have none. */
export function answeredFindings(
  items: readonly FeedbackItem[],
  answers: Readonly<Record<string, Answer>>,
): readonly AnsweredFinding[] {
  return items.flatMap((item) => {
    const answer = Object.hasOwn(answers, item.id) ? answers[item.id] : undefined;
    return answer === undefined ? [] : [{ ...findingOf(item), answer }];
  });
}

/** What is said about an item now. */
export function findingOf(item: FeedbackItem): SaidFinding {
  const newest = newestEntry(item);
  return {
    item: item.id,
    version: item.version,
    by: newest?.author ?? item.by,
    path: item.place?.path,
    line: item.place?.line,
    lineText: (item.place?.hunk.trimEnd().split("\n").at(-1) ?? "").slice(1).trim(),
    text: cut(newest?.body),
    raised: { by: item.by, text: cut(item.entries.find(({ author }) => author.id === item.by.id)?.body) },
  };
}

function cut(text = ""): string {
  return [...text].slice(0, longestText).join("");
}

/** The entry the version stands for. Where a person wrote within the same second as somebody else, the person did. */
export function newestEntry({ entries, version, by }: FeedbackItem): FeedbackItem["entries"][number] | undefined {
  const newest = entries.filter(({ at }) => at === timeOf(version));
  return (
    newest.find(({ author }) => author.type !== "Bot") ??
    newest.find(({ author }) => author.id === by.id) ??
    newest.at(-1) ??
    entries[0]
  );
}

/** Milliseconds since the epoch. Versions begin with the time of the word they stand for. */
export function timeOf(version: string): number {
  return Date.parse(version.slice(0, version.indexOf("#")));
}

/** Whether an author says again, in the same place but in whatever thread, what was answered before. */
export function isSame(answered: SaidFinding, said: SaidFinding): boolean {
  const before = [{ by: answered.by, text: answered.text }, answered.raised];
  return (
    isSamePlace(answered, said) && before.some(({ by, text }) => by.id === said.by.id && saysTheSame(text, said.text))
  );
}

function isSamePlace(a: SaidFinding, b: SaidFinding): boolean {
  if (a.path !== b.path) return false;
  if (a.line === undefined || b.line === undefined || a.item === b.item) return true;
  return Math.abs(a.line - b.line) <= nearLines || (a.lineText.length >= 3 && a.lineText === b.lineText);
}

/** What we said, in the agent's words. */
export function textOf(answer: Answer): string {
  switch (answer.kind) {
    case "fixed":
    case "duplicate":
      return answer.note;
    case "declined":
      return answer.reason;
    case "question":
      return answer.question;
    case "person":
      return answer.why;
  }
}
