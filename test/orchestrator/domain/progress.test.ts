import { describe, expect, it } from "vitest";
import type { Answer, FeedbackItem } from "../../../src/orchestrator/domain/feedback.ts";
import { flipBack, lineChangesOf } from "../../../src/orchestrator/domain/line-changes.ts";
import { judgeProgress } from "../../../src/orchestrator/domain/progress.ts";
import { answeredFindings, type RoundRecord, startedBy } from "../../../src/orchestrator/domain/round-record.ts";
import { echoes, saysTheSame, similarity } from "../../../src/orchestrator/domain/similar-words.ts";
import {
  ann,
  type baton,
  declined,
  fixed,
  inThread,
  lint,
  minute,
  question,
  rabbit,
  versionAt,
} from "./feedback-builders.ts";

const limits = { botRounds: 3, rounds: 5 };
const loop = inThread("thread-1", rabbit, 1);
const other = { text: "Vouchers are rounded down, customers lose a cent." };

describe("a round goes on", () => {
  it("when it is the first", () => {
    expect(judge([], [loop])).toEqual({ kind: "go_on", items: [loop], repeats: [] });
  });

  it("when a bot has something else to say about a fix", () => {
    expect(judge([round(1, [loop], fixed)], [inThread("thread-2", rabbit, 15, other)]).kind).toBe("go_on");
  });

  it("whenever a person said something, whatever the figures are", () => {
    const stuck = [1, 2, 3, 4, 5, 6].map((count) => ({ ...round(count, [loop], question), commit: undefined }));
    expect(judge(stuck, [inThread("thread-2", ann, 90)]).kind).toBe("go_on");
  });

  it("whenever a person spoke up in a bot's thread", () => {
    const joined = { ...loop, version: versionAt(15, 7), entries: [...loop.entries, said(ann, 15, "Yes, do it.")] };
    expect(startedBy([joined])).toBe("person");
    expect(judge([{ ...round(1, [loop], fixed), commit: undefined }], [joined]).kind).toBe("go_on");
  });

  it("when a person wrote within the same second as a bot", () => {
    const both = [...loop.entries, said(ann, 15, "Yes, do it."), said(rabbit, 15, "Still there.")];
    expect(startedBy([{ ...loop, version: versionAt(15, 8), entries: both }])).toBe("person");
    expect(startedBy([{ ...loop, version: versionAt(16, 9), entries: [...both, said(rabbit, 16, "Still.")] }])).toBe(
      "bots",
    );
  });

  it("when a person asked for it after the last round", () => {
    const again = inThread("thread-2", rabbit, 15);
    const rounds = [round(1, [loop], fixed)];
    expect(judgeProgress({ rounds, personSpokeAt: minute(16) }, [again], limits).kind).toBe("go_on");
    expect(judgeProgress({ rounds, personSpokeAt: minute(9) }, [again], limits).kind).toBe("stop");
  });
});

describe("a finding that is back after it was fixed", () => {
  const rounds = [round(1, [loop], fixed)];

  it("stops, under a new thread id and some lines further down, with both positions", () => {
    const again = inThread("thread-9", rabbit, 15, { text: "This loop never ends if the list is empty!", line: 20 });
    expect(judge(rounds, [again])).toEqual({
      kind: "stop",
      reason: "finding_back",
      path: "src/total.ts",
      positions: [
        { who: rabbit, says: "This loop never ends if the list is empty!", item: "thread-9", round: undefined },
        { who: undefined, says: "The loop now ends on an empty list.", item: "thread-1", round: 1 },
      ],
    });
  });

  it("stops in its own thread too", () => {
    const again = {
      ...loop,
      version: versionAt(15, 7),
      entries: [...loop.entries, said(rabbit, 15, `Still: ${text(loop)}`)],
    };
    expect(judge(rounds, [again])).toMatchObject({ kind: "stop", reason: "finding_back" });
  });

  it("stops when its thread is opened again without a word", () => {
    expect(judge(rounds, [loop])).toMatchObject({ kind: "stop", reason: "finding_back" });
  });

  it("is recognised though a person had the last word when it was fixed", () => {
    const agreed = { ...loop, version: versionAt(2, 7), entries: [...loop.entries, said(ann, 2, "Right, please.")] };
    const first = round(1, [agreed], fixed, { startedBy: "person" });
    expect(judge([first], [inThread("thread-9", rabbit, 15)])).toMatchObject({ reason: "finding_back" });
  });

  it.each([
    ["in another file", inThread("thread-2", rabbit, 15, { path: "src/cart.ts" })],
    ["of another bot", inThread("thread-2", lint, 15)],
    ["in other words", inThread("thread-2", rabbit, 15, other)],
    ["written before the fix was out", inThread("thread-2", rabbit, 9)],
  ])("is another one %s", (_name, item) => {
    expect(judge(rounds, [item]).kind).toBe("go_on");
  });

  it.each([
    [22, "stop"],
    [23, "go_on"],
  ])("is the same up to ten lines away: line %i", (line, kind) => {
    const item = { ...inThread("thread-2", rabbit, 15, { line }), place: { ...placeOf(loop), line, hunk: "" } };
    expect(judge(rounds, [item]).kind).toBe(kind);
  });

  it("is the same far away on the same text of a line, and when it has no line any more", () => {
    expect(judge(rounds, [inThread("thread-2", rabbit, 15, { line: 500 })]).kind).toBe("stop");
    const outdated = {
      ...loop,
      id: "thread-2",
      version: versionAt(15, 15),
      place: { ...placeOf(loop), line: undefined },
    };
    expect(judge(rounds, [{ ...outdated, entries: [said(rabbit, 15, text(loop))] }]).kind).toBe("stop");
  });
});

describe("a bot that repeats itself", () => {
  it("after it was declined needs no round: the earlier answer stands", () => {
    const again = inThread("thread-9", rabbit, 15);
    expect(judge([round(1, [loop], declined)], [again])).toEqual({
      kind: "nothing_new",
      repeats: [{ item: again, of: "thread-1", why: "declined_before" }],
    });
  });

  it("leaves the rest of the round to be done", () => {
    const again = inThread("thread-9", rabbit, 15);
    const fresh = inThread("thread-10", rabbit, 15, other);
    expect(judge([round(1, [loop], declined)], [again, fresh])).toMatchObject({
      kind: "go_on",
      items: [{ id: "thread-10" }],
      repeats: [{ item: { id: "thread-9" } }],
    });
  });

  it("by quoting our own words says nothing new", () => {
    const quoted = `> ${fixed.kind === "fixed" ? fixed.note : ""}\n\n👍`;
    const echo = { ...loop, version: versionAt(15, 7), entries: [...loop.entries, said(rabbit, 15, quoted)] };
    expect(judge([round(1, [loop], fixed)], [echo])).toMatchObject({
      kind: "nothing_new",
      repeats: [{ of: "thread-1", why: "our_own_words" }],
    });
  });

  it("and a person who does the same means something by it", () => {
    const quoted = {
      ...loop,
      version: versionAt(15, 7),
      entries: [...loop.entries, said(ann, 15, "> The loop now ends.")],
    };
    expect(judge([round(1, [loop], fixed)], [quoted]).kind).toBe("go_on");
  });
});

describe("a line that flips", () => {
  const path = "src/total.ts";
  const away = round(1, [loop], fixed, { lines: [{ path, removed: ["let total = 0;"], added: ["var total = 0;"] }] });
  const back = round(2, [inThread("thread-2", lint, 15, other)], fixed, {
    lines: [{ path, removed: ["var total = 0;"], added: ["let total = 0;"] }],
  });
  const next = [inThread("thread-3", rabbit, 30, { text: "Something else entirely is wrong with tests." })];

  it("back to what it was stops, with who wanted which text", () => {
    expect(judge([away, back], next)).toEqual({
      kind: "stop",
      reason: "line_flips",
      path,
      positions: [
        { who: rabbit, says: "var total = 0;", item: "thread-1", round: 1 },
        { who: lint, says: "let total = 0;", item: "thread-2", round: 2 },
      ],
    });
  });

  it("because a person wanted it back goes on; when a bot undoes a person's wish it stops", () => {
    expect(judge([away, { ...back, startedBy: "person" }], next).kind).toBe("go_on");
    expect(judge([{ ...away, startedBy: "person" }, back], next)).toMatchObject({ reason: "line_flips" });
  });

  it("over three texts flips as well", () => {
    const detour = [
      { lines: [{ path, removed: ["text a"], added: ["text b"] }] },
      { lines: [{ path, removed: ["text b"], added: ["text c"] }] },
      { lines: [{ path, removed: ["text c"], added: ["text a"] }] },
    ];
    expect(flipBack(detour)).toEqual({ path, again: "text a", between: "text b", away: 0, back: 2 });
  });

  it.each([
    ["another file", [{ path: "src/cart.ts", removed: ["var total = 0;"], added: ["let total = 0;"] }]],
    ["a third text", [{ path, removed: ["var total = 0;"], added: ["const total = 0;"] }]],
    ["a further place", [{ path, removed: [], added: ["let total = 0;"] }]],
  ])("is none with %s", (_name, lines) => {
    expect(judge([away, { ...back, lines }], next).kind).toBe("go_on");
  });
});

describe("the changed lines of a diff", () => {
  it("are read by file, without moved lines, brackets and the text around", () => {
    const diff = [
      "diff --git a/src/total.ts b/src/total.ts",
      "--- a/src/total.ts",
      "+++ b/src/total.ts",
      "@@ -1,4 +1,4 @@ function total() {",
      "-  let total = 0;",
      "+    var total = 0;",
      " unchanged",
      "--- this was a line",
      "-}",
      "+++ so is this",
      "+{",
      "\\ No newline at end of file",
      "@@ -20 +19,0 @@",
      "-  moved.away();",
      "@@ -30,0 +31 @@",
      "+moved.away();",
      "diff --git a/new.ts b/new.ts",
      "--- /dev/null",
      "+++ b/new.ts",
      "@@ -0,0 +1 @@",
      "+export {};",
    ].join("\n");
    expect(lineChangesOf(diff)).toEqual([
      {
        path: "src/total.ts",
        removed: ["let total = 0;", "-- this was a line"],
        added: ["var total = 0;", "++ so is this"],
      },
      { path: "new.ts", removed: [], added: ["export {};"] },
    ]);
  });

  it("are bounded", () => {
    const many = Array.from({ length: 5000 }, (_, index) => `+line ${index} ${"x".repeat(5000)}`);
    const [file] = lineChangesOf(["+++ b/a.ts", "@@ -0,0 +1,5000 @@", ...many].join("\n"));
    expect(file?.added).toHaveLength(400);
    expect(file?.added[0]).toHaveLength(200);
  });
});

describe("a standstill", () => {
  const fresh = [inThread("thread-2", rabbit, 15, other)];

  it("of a round without a commit stops when only the same bots react", () => {
    expect(judge([{ ...round(1, [loop], declined), commit: undefined }], fresh)).toMatchObject({
      kind: "stop",
      reason: "no_new_commit",
      positions: [
        { who: rabbit, item: "thread-2" },
        { who: undefined, says: declined.kind === "declined" ? declined.reason : "", item: "thread-1", round: 1 },
      ],
    });
  });

  it("of a round that closed nothing stops", () => {
    expect(judge([round(1, [loop], question)], fresh)).toMatchObject({ kind: "stop", reason: "no_item_closed" });
  });

  it.each([
    ["came in during the round", inThread("thread-2", rabbit, 9, other)],
    ["is the first word of another bot", inThread("thread-2", lint, 15, other)],
  ])("is no reason to leave unanswered what %s", (_name, item) => {
    expect(judge([{ ...round(1, [loop], declined), commit: undefined }], [item]).kind).toBe("go_on");
  });
});

describe("the number of rounds", () => {
  const fresh = [inThread("thread-99", lint, 990, other)];
  const rounds = (by: readonly ("person" | "bots")[]) =>
    by.map((startedBy, index) => round(index + 1, [inThread(`thread-${index}`, rabbit, 1)], fixed, { startedBy }));

  it("that bots alone may start is bounded per pull request", () => {
    expect(judge(rounds(["bots", "bots"]), fresh).kind).toBe("go_on");
    expect(judge(rounds(["bots", "bots", "bots"]), fresh)).toMatchObject({ kind: "stop", reason: "bot_rounds" });
    expect(judge(rounds(["bots", "person", "bots", "person", "bots", "person"]), fresh)).toMatchObject({
      reason: "bot_rounds",
    });
  });

  it("without a human word is bounded too", () => {
    const more = { botRounds: 100, rounds: 5 };
    const judged = (by: readonly ("person" | "bots")[]) =>
      judgeProgress({ rounds: rounds(by), personSpokeAt: undefined }, fresh, more);
    expect(judged(["bots", "bots", "bots", "bots"]).kind).toBe("go_on");
    expect(judged(["bots", "bots", "bots", "bots", "bots"])).toMatchObject({ reason: "rounds_without_person" });
    expect(judged(["bots", "person", "bots", "bots", "bots", "bots"]).kind).toBe("go_on");
  });

  it("of none lets bots start nothing", () => {
    const history = { rounds: [], personSpokeAt: undefined };
    expect(judgeProgress(history, fresh, { botRounds: 0, rounds: 5 })).toMatchObject({ reason: "bot_rounds" });
    expect(judgeProgress(history, [inThread("thread-1", ann, 1)], { botRounds: 0, rounds: 5 }).kind).toBe("go_on");
  });
});

describe("how alike two texts are", () => {
  it.each([
    ["alpha beta gamma", "alpha beta gamma delta epsilon", 0.6, true],
    ["alpha beta gamma delta", "alpha beta gamma epsilon", 0.6, true],
    ["alpha beta gamma zeta eta", "alpha beta gamma delta epsilon", 3 / 7, false],
    ["alpha beta gamma", "alpha beta gamma delta epsilon zeta", 0.5, false],
    ["The **loop** never ends (line 12)", "the loop NEVER ends, line 40", 1, true],
    ["since deadbeef1 it is wrong", "since cafe12345 this was wrong", 1, true],
    ["", "", 0, false],
    ["!!!", "???", 0, false],
  ])("%j and %j: %d", (a, b, share, same) => {
    expect(similarity(a, b)).toBeCloseTo(share, 10);
    expect(similarity(b, a)).toBe(similarity(a, b));
    expect(saysTheSame(a, b)).toBe(same);
  });

  it("needs more than a few words to be an echo without quote marks", () => {
    const said = "renamed total to sum because its name was unclear to readers";
    expect(echoes("The name is unclear", said)).toBe(false);
    expect(echoes("Name is unclear", "The name was unclear")).toBe(false);
    expect(echoes("Renamed total to sum, because its name was unclear to readers.", said)).toBe(true);
    expect(echoes("> renamed total to sum\n\nBut why? The callers break.", said)).toBe(false);
    expect(echoes("", said)).toBe(false);
  });
});

function judge(rounds: readonly RoundRecord[], pending: readonly FeedbackItem[]) {
  return judgeProgress({ rounds, personSpokeAt: undefined }, pending, limits);
}

/** A round of bots that ends ten minutes after the hour per count, with a commit. */
function round(
  count: number,
  items: readonly FeedbackItem[],
  answer: Answer,
  parts: Partial<RoundRecord> = {},
): RoundRecord {
  const findings = answeredFindings(items, Object.fromEntries(items.map(({ id }) => [id, answer])));
  return {
    round: count,
    startedBy: "bots",
    endedAt: minute(count * 10),
    commit: String(count).repeat(40),
    lines: [],
    findings,
    ...parts,
  };
}

function said(author: typeof baton, at: number, body: string) {
  return { author, at: minute(at), body };
}

function text(item: FeedbackItem): string {
  return item.entries[0]?.body ?? "";
}

function placeOf(item: FeedbackItem) {
  if (!item.place) throw new Error("no place");
  return item.place;
}
