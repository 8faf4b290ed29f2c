import { describe, expect, it } from "vitest";
import type { Answer, LedgerRow } from "../../../src/orchestrator/domain/feedback.ts";
import { noReview } from "../../../src/orchestrator/domain/review.ts";
import { circlingText } from "../../../src/orchestrator/render/circling.ts";
import { answersText, replyText } from "../../../src/orchestrator/render/ledger.ts";
import { renderMessage } from "../../../src/orchestrator/render/messages.ts";
import { withNextStep } from "../../../src/orchestrator/render/next-step.ts";
import { reviewCheck } from "../../../src/orchestrator/render/review-check.ts";
import { ann, helperBot } from "../../support/builders.ts";

const sha = "a1b2c3d4e5f6".padEnd(40, "0");
const answers: readonly Answer[] = [
  { kind: "fixed", sha, note: "The loop ends on an empty list." },
  { kind: "declined", reason: "It is public API. Closes #4, says @max." },
  { kind: "question", question: "Ten or twenty?" },
  { kind: "duplicate", of: "thread-1", note: "" },
  { kind: "person", why: "The agent left this point without an answer, twice." },
];
const rowOf = (answer: Answer, at: number, by = ann): LedgerRow => ({
  item: `thread-${at}`,
  version: "1",
  surface: "thread",
  by,
  from: by.type === "Bot" ? "bot" : "person",
  excerpt: `Point ${at} | with a bar and <b>markup</b>`,
  path: "src/total.ts",
  answer,
  run: "r",
  round: 1,
  closed: false,
});
const rows = answers.map((answer, at) => rowOf(answer, at));

describe("what reviewers read", () => {
  it("is an answer in their thread", () => {
    expect(rows.map(replyText).join("\n\n---\n\n")).toMatchSnapshot();
  });

  it("never mentions a bot, which would answer", () => {
    for (const answer of answers) expect(replyText(rowOf(answer, 1, helperBot))).not.toMatch(/@helper/);
  });

  it("is one comment for what has no thread", () => {
    expect(answersText(rows.slice(0, 2))).toMatchSnapshot();
  });

  it("is a check with the ledger, what waits first", () => {
    const pending = [{ item: "thread-9", surface: "thread", by: "ann", excerpt: "And this?" }] as const;
    const review = { ...noReview, ledger: rows, pending, pausedBy: "max" };
    for (const state of ["in_progress", "failure", "success"] as const)
      expect(reviewCheck(review, state).title).toMatchSnapshot();
    expect(reviewCheck(review, "failure").summary).toMatchSnapshot();
    expect(reviewCheck(noReview, "success")).toMatchSnapshot();
  });

  it("is both positions when rounds lead nowhere", () => {
    const positions = [
      { who: helperBot, says: "Use a loop.\n@everyone", item: "thread-1", round: undefined },
      { who: undefined, says: "A loop was there before.", item: "thread-1", round: 2 },
    ];
    for (const reason of ["line_flips", "bot_rounds"] as const)
      expect(circlingText({ kind: "circling", to: ann, reason, path: "src/total.ts", positions })).toMatchSnapshot();
  });

  it("says once that threads cannot be resolved here, and names a next step that works", () => {
    const refused = { kind: "resolution_refused", to: ann, reason: "Resource not accessible by integration" } as const;
    expect(renderMessage(refused, [])).toMatchSnapshot();
    const failed = renderMessage({ kind: "failed", to: ann, class: "model_silent", detail: "" }, []);
    expect(withNextStep(failed, { pullRequest: { kind: "none" } })).toContain("`/agent run`");
    const open = { kind: "open", number: 2, headSha: sha } as const;
    expect(withNextStep(failed, { pullRequest: open })).toContain("`/agent fix-review`");
  });
});
