import { codeSpan } from "../../text/code-block.ts";
import { oneLine, publishText } from "../../text/publish-text.ts";
import { assertNever } from "../domain/decision.ts";
import type { Answer, LedgerRow } from "../domain/feedback.ts";
import type { PendingPoint, Review } from "../domain/review.ts";

/** Code points. */
const maxReply = 8_000;
const maxCell = 160;
const mostRows = 200;

/** What is said in a thread: the answer, with its commit or its reason. */
export function replyText({ answer, by }: Pick<LedgerRow, "answer" | "by">): string {
  switch (answer.kind) {
    case "fixed":
      return [`Fixed in ${answer.sha}.`, publishText(answer.note, maxReply)].filter((text) => text !== "").join("\n\n");
    case "declined":
      return `Not changed: ${publishText(answer.reason, maxReply) || "the agent gave no reason."}`;
    case "question":
      return `${addressed(by)}${publishText(answer.question, maxReply)}\n\nAnswer here, and the next round takes it up.`;
    case "duplicate":
      return `This was answered before.${answer.note === "" ? "" : ` ${publishText(answer.note, maxReply)}`}`;
    case "person":
      return `${addressed(by)}${publishText(answer.why, maxReply)} A person has to look at this.`;
    default:
      return assertNever(answer);
  }
}

/** Answers to what has no thread, in one comment. */
export function answersText(rows: readonly LedgerRow[]): string {
  const answers = rows.map(
    (row) => `> ${oneLine(row.excerpt, maxCell)} (${codeSpan(row.by.login)})\n\n${replyText(row)}`,
  );
  return ["To the points without a thread:", ...answers].join("\n\n");
}

/** A ledger row in a word or two, for tables. */
export function answerCell(answer: Answer): string {
  switch (answer.kind) {
    case "fixed":
      return `fixed in ${answer.sha.slice(0, 12)}`;
    case "declined":
      return `declined: ${cell(answer.reason)}`;
    case "question":
      return `needs a person: ${cell(answer.question)}`;
    case "duplicate":
      return "answered before";
    case "person":
      return `needs a person: ${cell(answer.why)}`;
    default:
      return assertNever(answer);
  }
}

/** The ledger: one row per feedback item, what waits first (product.md §2). */
export function ledgerTable(review: Pick<Review, "ledger" | "pending">): string {
  const waiting = review.pending.map(({ by, excerpt }) => rowOf({ by, excerpt, what: "⏳ waits for an answer" }));
  const pending = new Set(review.pending.map((point: PendingPoint) => point.item));
  const answered = review.ledger
    .filter((row) => !pending.has(row.item))
    .map(({ by, excerpt, answer }) => rowOf({ by: by.login, excerpt, what: answerCell(answer) }));
  const rows = [...waiting, ...answered];
  if (rows.length === 0) return "No feedback yet.";
  const more = rows.length > mostRows ? ["", `… and ${rows.length - mostRows} more.`] : [];
  return ["| Point | By | Answer |", "|---|---|---|", ...rows.slice(0, mostRows), ...more].join("\n");
}

function rowOf({
  by,
  excerpt,
  what,
}: {
  readonly by: string;
  readonly excerpt: string;
  readonly what: string;
}): string {
  return `| ${cell(excerpt)} | ${cell(by)} | ${what} |`;
}

function cell(text: string): string {
  return oneLine(text, maxCell).replaceAll("|", "\\|");
}

/** Bots are named, never mentioned: they would answer. */
function addressed(by: LedgerRow["by"]): string {
  return by.type === "Bot" ? "" : `@${by.login} `;
}
