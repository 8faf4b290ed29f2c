import { describe, expect, it } from "vitest";
import type { Answer, FeedbackItem, LedgerRow } from "../../../src/orchestrator/domain/feedback.ts";
import {
  ledgerState,
  noteResolutions,
  pendingItems,
  type ReviewStand,
  recordAnswers,
} from "../../../src/orchestrator/domain/ledger.ts";
import { ann, declined, fixed, inThread, question, rabbit, versionAt } from "./feedback-builders.ts";

const thread = inThread("thread-1", rabbit, 1);
const remark: FeedbackItem = {
  ...inThread("review-5", ann, 5),
  surface: "review_body",
  thread: undefined,
  place: undefined,
};

describe("an item is pending", () => {
  it("when nobody answered it", () => {
    expect(pendingItems([thread, remark], [])).toEqual([thread, remark]);
  });

  it("no more when its newest word is answered", () => {
    expect(pendingItems([thread], answer([thread], fixed))).toEqual([]);
  });

  it("again when somebody wrote since", () => {
    const newer = { ...thread, version: versionAt(2, 7) };
    expect(pendingItems([newer], answer([thread], fixed))).toEqual([newer]);
  });

  it("not when the newest word was taken back since", () => {
    const newer = { ...thread, version: versionAt(2, 7) };
    expect(pendingItems([thread], answer([newer], fixed))).toEqual([]);
  });

  it("never when it only rides along", () => {
    expect(pendingItems([{ ...remark, owed: "context" }], [])).toEqual([]);
  });

  it("never while its thread is resolved, answered or not, whoever wrote since", () => {
    expect(pendingItems([resolved(thread)], [])).toEqual([]);
    expect(pendingItems([resolved({ ...thread, version: versionAt(2, 7) })], answer([thread], fixed))).toEqual([]);
  });

  it("when it was answered, resolved, and opened again", () => {
    const closed = noteResolutions(answer([thread], fixed), [resolved(thread)]);
    expect(pendingItems([resolved(thread)], closed)).toEqual([]);
    expect(pendingItems([thread], noteResolutions(closed, [thread]))).toEqual([thread]);
  });

  it("no more when it was answered after being opened again", () => {
    const closed = noteResolutions(answer([thread], fixed), [resolved(thread)]);
    const again = recordAnswers(closed, round([thread], declined, 2));
    expect(pendingItems([thread], again)).toEqual([]);
    expect(again).toMatchObject([{ answer: declined, round: 2, closed: false }]);
  });

  it("when it was opened again before anybody answered it", () => {
    expect(pendingItems([thread], noteResolutions([], [resolved(thread)]))).toEqual([thread]);
  });
});

describe("recording answers", () => {
  it("keeps one row per item, with what tables need", () => {
    const rows = recordAnswers([], round([thread], fixed, 1));
    expect(rows).toEqual([
      {
        item: "thread-1",
        version: thread.version,
        surface: "thread",
        by: rabbit,
        from: "bot",
        excerpt: "The loop never ends when the list is empty.",
        path: "src/total.ts",
        answer: fixed,
        run: "run-1",
        round: 1,
        closed: false,
      },
    ]);
    expect(recordAnswers(rows, round([thread], declined, 2))).toHaveLength(1);
  });

  it("leaves an item without an answer pending", () => {
    const ledger = recordAnswers([], {
      items: [thread, remark],
      answers: { "thread-1": fixed },
      run: "run-1",
      round: 1,
    });
    expect(pendingItems([thread, remark], ledger)).toEqual([remark]);
  });

  it("ignores answers to items it was not given, inherited names too", () => {
    const odd = { ...thread, id: "constructor" };
    expect(recordAnswers([], { items: [odd], answers: { "thread-9": fixed }, run: "run-1", round: 1 })).toEqual([]);
  });

  it("covers what the round read, not what was written meanwhile", () => {
    const newer = { ...thread, version: versionAt(2, 7) };
    expect(pendingItems([newer], recordAnswers([], round([thread], fixed, 1)))).toEqual([newer]);
  });

  it("of the same or an earlier round again changes nothing", () => {
    const once = answer([thread], fixed);
    const closed = noteResolutions(once, [resolved(thread)]);
    expect(recordAnswers(closed, round([thread], fixed, 1))).toEqual(closed);
    const second = recordAnswers(closed, round([{ ...thread, version: versionAt(2, 7) }], declined, 2));
    expect(recordAnswers(second, round([thread], fixed, 1))).toEqual(second);
  });

  it("enters what a bot said again between rounds under the round before", () => {
    const newer = { ...thread, version: versionAt(2, 7) };
    const repeat = { kind: "duplicate", of: "thread-1", note: "" } as const;
    const ledger = recordAnswers(answer([thread], declined), { ...round([newer], repeat, 1), run: "repeat-9" });
    expect(pendingItems([newer], ledger)).toEqual([]);
    expect(ledger).toMatchObject([{ answer: repeat, run: "repeat-9" }]);
  });

  it("covers what was covered before, though the newest word is gone and the thread was opened again", () => {
    const newer = { ...thread, version: versionAt(2, 7) };
    const closed = noteResolutions(answer([newer], fixed), [resolved(newer)]);
    const again = recordAnswers(closed, round([thread], declined, 2));
    expect(again).toMatchObject([{ version: newer.version, answer: declined }]);
    expect(pendingItems([thread], again)).toEqual([]);
    expect(pendingItems([newer], again)).toEqual([]);
  });

  it("of a thread that is resolved by then notes that", () => {
    expect(answer([resolved(thread)], fixed)).toMatchObject([{ closed: true }]);
  });

  it("cuts the excerpt to one line of what the raiser said", () => {
    const long = { author: rabbit, at: 0, body: `\n  ${"😀".repeat(200)}\nmore` };
    const [row] = answer([{ ...thread, entries: [{ ...long, author: ann }, long] }], fixed);
    expect([...(row?.excerpt ?? "")]).toHaveLength(120);
    expect(row?.excerpt.endsWith("😀…")).toBe(true);
  });
});

describe("the check on the ledger", () => {
  it("succeeds when there is nothing to answer", () => {
    expect(stand({})).toMatchObject({ state: "success", pending: [], needsPerson: [] });
  });

  it("succeeds when everything is fixed, declined or a duplicate, though threads are open", () => {
    const ledger = answer([thread, remark], declined);
    const state = stand({ items: [thread, remark], ledger });
    expect(state).toMatchObject({ state: "success", answered: { declined: 2, fixed: 0 } });
  });

  it.each(["waiting", "running"] as const)("is in progress while a round is %s, whatever else is needed", (phase) => {
    expect(stand({ items: [thread], round: phase, stopped: "yes" }).state).toBe("in_progress");
    expect(stand({ round: phase }).state).toBe("in_progress");
  });

  it("fails while something is pending that no round will look at", () => {
    expect(stand({ items: [thread] })).toMatchObject({ state: "failure", pending: [thread] });
  });

  it("fails while the loop breaker waits for a person", () => {
    expect(stand({ items: [thread], ledger: answer([thread], fixed), stopped: "yes" }).state).toBe("failure");
  });

  it.each([question, { kind: "person", why: "Two bots disagree." } as const])(
    "fails while an answer asks a person: %o",
    (asks) => {
      const ledger = answer([thread], asks);
      expect(stand({ items: [thread], ledger })).toMatchObject({ state: "failure", needsPerson: ledger });
    },
  );

  it("asks nobody any more once the thread with the question is resolved", () => {
    const ledger = answer([thread], question);
    expect(stand({ items: [resolved(thread)], ledger }).state).toBe("success");
    expect(stand({ items: [], ledger: noteResolutions(ledger, [resolved(thread)]) }).state).toBe("success");
  });

  it("asks nobody any more once a person answered: now it is our turn", () => {
    const newer = { ...thread, version: versionAt(2, 7) };
    expect(stand({ items: [newer], ledger: answer([thread], question) })).toMatchObject({
      needsPerson: [],
      pending: [newer],
    });
  });

  it("takes a question outside threads as answered when a person's later word was", () => {
    const ledger = answer([remark], question);
    expect(stand({ items: [remark], ledger }).state).toBe("failure");
    const bots = recordAnswers(ledger, round([thread], fixed, 2));
    expect(stand({ items: [remark, thread], ledger: bots }).state).toBe("failure");
    const reply = { ...remark, id: "comment-9", surface: "comment" as const };
    const settled = recordAnswers(bots, round([reply], fixed, 3));
    expect(stand({ items: [remark, thread, reply], ledger: settled }).state).toBe("success");
  });
});

function stand(parts: Partial<ReviewStand>) {
  return ledgerState({ items: [], ledger: [], round: "none", stopped: "no", ...parts });
}

function answer(items: readonly FeedbackItem[], given: Answer): readonly LedgerRow[] {
  return recordAnswers([], round(items, given, 1));
}

function round(items: readonly FeedbackItem[], given: Answer, count: number) {
  const answers = Object.fromEntries(items.map(({ id }) => [id, given]));
  return { items, answers, run: `run-${count}`, round: count };
}

function resolved(item: FeedbackItem): FeedbackItem {
  if (!item.thread) throw new Error("no thread");
  return { ...item, thread: { ...item.thread, resolved: true } };
}
