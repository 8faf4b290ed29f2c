import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LedgerRow } from "../../../src/orchestrator/domain/feedback.ts";
import type { AddressFeedback, RunOrder } from "../../../src/orchestrator/domain/run.ts";
import { assessAnswers, feedbackOf } from "../../../src/orchestrator/run/round-answers.ts";
import type { AgentAnswer } from "../../../src/orchestrator/run-ports.ts";
import { aPolicy } from "../../support/builders.ts";
import { aThread, context } from "./round-bench.ts";

const ids = ["a", "b", "c", "d"];
const earlier = { item: "old" } as LedgerRow;
const round = (owed: readonly string[] = ids, rows = [earlier]) =>
  ({
    purpose: "address_feedback",
    round: 3,
    items: [...owed.map((id) => aThread(id)), context],
    earlier: rows,
    policy: aPolicy(),
  }) as unknown as RunOrder & AddressFeedback;
const say = (id: string, answer: AgentAnswer["answer"], text = "x", of?: string): AgentAnswer => ({
  id,
  answer,
  text,
  of,
});
const kinds = (answers: readonly AgentAnswer[], tree: "changed" | "unchanged" = "changed", order = round()) => {
  const assessed = assessAnswers(order, { answers, tree });
  const { answers: final } = feedbackOf(order, { assessed, lines: [], verification: "not_red" });
  return { missing: assessed.missing.map(({ item }) => item), final: final.map(({ item, kind }) => `${item} ${kind}`) };
};

describe("what of the agent's answers can stand", () => {
  it.each([
    ["a fix with a change", [say("a", "fixed", "")], [], ["a fixed"]],
    ["a decline with a reason", [say("a", "declined")], [], ["a declined"]],
    ["a decline without one", [say("a", "declined", "")], ["a"], ["a person"]],
    ["a question", [say("a", "question")], [], ["a question"]],
    ["a question that asks nothing", [say("a", "question", "")], ["a"], ["a person"]],
    ["a repetition of what an earlier round answered", [say("a", "duplicate", "", "old")], [], ["a duplicate"]],
    ["a repetition of nothing", [say("a", "duplicate")], ["a"], ["a person"]],
    ["a repetition of itself", [say("a", "duplicate", "", "a")], ["a"], ["a person"]],
    ["a repetition of what needs no answer", [say("a", "duplicate", "", "comment-9")], ["a"], ["a person"]],
    ["silence", [], ["a"], []],
  ] as const)("%s", (_what, answers, missing, final) => {
    expect(kinds(answers, "changed", round(["a"]))).toEqual({ missing, final });
  });

  it("a repetition stands on an answer of its own, not on another repetition and in no circle", () => {
    expect(kinds([say("a", "declined"), say("b", "duplicate", "", "a"), say("c", "duplicate", "", "b")])).toEqual({
      missing: ["c", "d"],
      final: ["a declined", "b duplicate", "c person"],
    });
    const circle = [say("a", "duplicate", "", "b"), say("b", "duplicate", "", "a")];
    expect(kinds(circle, "changed", round(["a", "b"])).final).toEqual(["a person", "b person"]);
  });

  it("what was answered before and is asked again wants an answer of its own", () => {
    const order = round(["old"], [earlier]);
    expect(kinds([say("old", "duplicate", "", "old")], "changed", order).missing).toEqual(["old"]);
  });

  it("no fix without a change, and no repetition of such a fix", () => {
    expect(kinds([say("a", "fixed"), say("b", "duplicate", "", "a"), say("c", "declined")], "unchanged")).toEqual({
      missing: ["a", "b", "d"],
      final: ["c declined", "a person", "b person"],
    });
  });

  it("the newest word on an item counts", () => {
    expect(kinds([say("a", "fixed"), say("a", "declined")], "changed", round(["a"])).final).toEqual(["a declined"]);
  });

  it("every item that wants an answer has one that stands or is missing, never both, and nothing else is answered", () => {
    const id = fc.constantFrom(...ids, "old", "comment-9", "__proto__", "constructor");
    const answer = fc.record({
      id,
      answer: fc.constantFrom("fixed" as const, "declined" as const, "question" as const, "duplicate" as const),
      text: fc.constantFrom("", "because"),
      of: fc.option(id, { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(answer, { maxLength: 12 }),
        fc.constantFrom("changed" as const, "unchanged" as const),
        (said, tree) => {
          const { answers, missing } = assessAnswers(round(), { answers: said, tree });
          expect([...answers, ...missing].map(({ item }) => item).sort()).toEqual(ids);
          for (const given of answers) {
            if (given.kind === "fixed") expect(tree).toBe("changed");
            if (given.kind === "declined" || given.kind === "question") expect(given.text).not.toBe("");
            if (given.kind !== "duplicate" || given.of === "old") continue;
            const target = answers.find(({ item }) => item === given.of);
            expect(target?.kind).toMatch(/fixed|declined|question/);
          }
        },
      ),
    );
  });
});
