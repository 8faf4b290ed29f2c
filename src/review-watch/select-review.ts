import type { FeedbackItem } from "../orchestrator/domain/feedback.ts";
import { converse, leave } from "./conversation.ts";
import { type Finding, findingsInBody } from "./findings-in-body.ts";
import type { RawReview } from "./raw-feedback.ts";
import type { Selected } from "./selected.ts";
import type { FeedbackContext, Writing } from "./who-counts.ts";

/** The body of a review, or each finding in it. Approving words ride along whole. */
export function selectReview(review: RawReview, context: FeedbackContext): Selected {
  const writing: Writing = { ...review, surface: "review_body", visibleAt: review.submittedAt ?? 0 };
  const none: Selected = { items: [], changesRequested: "no", leftOut: [], removed: 0 };
  if (review.body.trim() === "" || review.author?.id === context.ourselves.botUserId) return none;
  if (review.state === "pending") return { ...none, leftOut: [leave(writing, "pending review")] };
  if (review.state === "dismissed") return { ...none, leftOut: [leave(writing, "dismissed review")] };
  const { feedback, leftOut, removed } = converse({ writings: [writing], state: "open" }, context);
  if (!feedback) return { ...none, leftOut };
  const whole: FeedbackItem = { ...feedback.said, id: `review-${review.id}`, surface: "review_body", owed: "answer" };
  if (review.state === "approved") return { ...none, items: [{ ...whole, owed: "context" }], removed };
  const found = findingsInBody(review.body, whole.from);
  const findings = found.findings.map((finding, index) => findingItem(whole, finding, index + 1));
  const items = [...besideFindings(whole, found), ...findings];
  return {
    items,
    changesRequested: review.state === "changes_requested" ? "yes" : "no",
    leftOut: items.length === 0 ? [leave(writing, "nothing to answer")] : [],
    removed,
  };
}

function findingItem(whole: FeedbackItem, finding: Finding, number: number): FeedbackItem {
  const { text, path, line } = finding;
  return {
    ...whole,
    id: `${whole.id}-${number}`,
    entries: whole.entries.map((entry) => ({ ...entry, body: text })),
    ...(path === undefined ? {} : { place: { path, line, hunk: "", outdated: false } }),
  };
}

/**
 * The body as a whole. Beside findings, a person's other words are owed an answer of their own; a bot's ride along,
 * since they are mostly a summary.
 */
function besideFindings(
  whole: FeedbackItem,
  { findings, prose }: { readonly findings: readonly Finding[]; readonly prose: "none" | "some" },
): readonly FeedbackItem[] {
  if (prose === "none") return [];
  return [findings.length > 0 && whole.from === "bot" ? { ...whole, owed: "context" } : whole];
}
