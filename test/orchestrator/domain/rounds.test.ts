import { describe, expect, it } from "vitest";
import { decide } from "../../../src/orchestrator/domain/decide.ts";
import type { Effect } from "../../../src/orchestrator/domain/effect.ts";
import type { Event } from "../../../src/orchestrator/domain/event.ts";
import type { FeedbackItem } from "../../../src/orchestrator/domain/feedback.ts";
import type { Answered, AnswerGiven, Reading } from "../../../src/orchestrator/domain/review.ts";
import { reviewStateOf } from "../../../src/orchestrator/domain/review-state.ts";
import { statusOf } from "../../../src/orchestrator/domain/status-of.ts";
import type { Task } from "../../../src/orchestrator/domain/task.ts";
import {
  aPolicy,
  aReport,
  aSnapshot,
  aStartedTask,
  authorised,
  commanded,
  monday,
  sha,
} from "../../support/builders.ts";
import { ann, inThread, minute, rabbit, versionAt } from "./feedback-builders.ts";

const open = { kind: "open", number: 9, headSha: sha.head } as const;
const inReview = (changes: Partial<Task> = {}): Task =>
  aStartedTask({ pullRequest: open, pushedSha: sha.head, rounds: 1, ...changes });

const bug = inThread("thread-1", ann, 1);
const nit = inThread("thread-2", rabbit, 2);

function read(items: readonly FeedbackItem[], changes: Partial<Reading> = {}, asked?: "asked"): Event {
  const reading: Reading = {
    number: 9,
    headSha: sha.head,
    draft: false,
    ours: true,
    items,
    changesRequested: [],
    leftOut: 0,
    policy: aPolicy(),
    snapshot: aSnapshot(),
    ...changes,
  };
  const who = asked && { by: ann, at: monday, guidance: "Mind the sums.", thread: 9 };
  return { type: "feedback_read", at: monday, reading, asked: who };
}

/** What one event leads to; an ignored one fails the test. */
function whatFollows(task: Task, event: Event): { readonly task: Task; readonly effects: readonly Effect[] } {
  const decision = decide(task, event);
  if (decision.kind === "ignored") throw new Error(`ignored: ${decision.reason}`);
  return decision;
}

const typesOf = (effects: readonly Effect[]) => effects.map(({ type }) => type);
const orderIn = (effects: readonly Effect[]) => effects.find((effect) => effect.type === "queue_run")?.order;
const policyWith = (review: Partial<ReturnType<typeof aPolicy>["review"]>) =>
  aPolicy({ review: { ...aPolicy().review, ...review } });

/** The round of `items` ends with these answers; a commit comes with it unless said otherwise. */
function answered(
  task: Task,
  items: readonly FeedbackItem[],
  answers: readonly AnswerGiven[],
  how: Partial<Answered> & { readonly commit?: "none" } = {},
) {
  const run = "run" in task.work ? task.work.run : "none";
  const { commit, ...rest } = how;
  const feedback: Answered = { items, answers, round: 1, resolve: "bots", verification: "not_red", lines: [], ...rest };
  if (commit === "none") {
    const outcome = { kind: "answered", feedback } as const;
    return whatFollows(task, { type: "run_ended", at: monday, run, outcome, seconds: 5 });
  }
  const report = aReport({ feedback });
  const outcome = { kind: "changed", headSha: next, baseSha: sha.base, report } as const;
  const publishing = whatFollows(task, { type: "run_ended", at: monday, run, outcome, seconds: 5 });
  expect(typesOf(publishing.effects)).toEqual(["push_branch"]);
  return whatFollows(publishing.task, { type: "branch_pushed", at: monday, run, headSha: next });
}
const next = "d".repeat(40);

const started = (items: readonly FeedbackItem[], task = inReview()): Task => {
  const { work, ...rest } = whatFollows(task, read(items)).task;
  if (work.kind !== "queued") throw new Error("no round was started");
  return { ...rest, work: { kind: "running", run: work.run, phase: "agent_working", since: monday } };
};

describe("feedback on our pull request", () => {
  it("is read once it has been quiet, and starts one round over all of it", () => {
    const noticed = whatFollows(inReview(), { type: "feedback_noticed", at: monday, number: 9 });
    expect(noticed.effects).toEqual([
      { type: "read_feedback", number: 9, notBefore: monday + 60_000, asked: undefined },
    ]);
    const context: FeedbackItem = { ...bug, id: "comment-3", owed: "context" };
    const { task, effects } = whatFollows(noticed.task, read([bug, nit, context]));
    expect(orderIn(effects)).toMatchObject({
      purpose: "address_feedback",
      pullRequest: 9,
      round: 1,
      parent: sha.head,
      items: [{ id: "thread-1" }, { id: "thread-2" }, { id: "comment-3" }],
    });
    expect(task.review.pending.map(({ item }) => item)).toEqual(["thread-1", "thread-2"]);
    expect(reviewStateOf(task)).toBe("in_progress");
  });

  it("is nothing to us on a pull request that is not ours, or whose head is elsewhere", () => {
    expect(decide(inReview(), read([bug], { number: 10 })).kind).toBe("ignored");
    expect(decide(inReview(), read([bug], { ours: false })).kind).toBe("ignored");
    expect(decide(aStartedTask(), read([bug])).kind).toBe("ignored");
  });

  it("that comes during a round waits for the next reading, which follows the round at once", () => {
    const task = started([bug]);
    const meanwhile = whatFollows(task, read([bug, nit]));
    expect(orderIn(meanwhile.effects)).toBeUndefined();
    const end = answered(meanwhile.task, [bug], [{ item: "thread-1", kind: "fixed", text: "Done." }]);
    expect(end.effects.at(-1)).toEqual({ type: "read_feedback", number: 9, notBefore: 0, asked: undefined });
    const second = whatFollows(end.task, read([bug, nit], { headSha: next }));
    expect(orderIn(second.effects)).toMatchObject({ round: 2, items: [{ id: "thread-2" }], parent: next });
  });

  it("starts nothing by itself where the policy wants a command, a request for changes, or somebody paused it", () => {
    const quiet = whatFollows(inReview(), read([bug], { policy: policyWith({ trigger: "command" }) }));
    expect(orderIn(quiet.effects)).toBeUndefined();
    expect(reviewStateOf(quiet.task)).toBe("failure");
    const wanted = { policy: policyWith({ trigger: "changes_requested" }) };
    expect(orderIn(whatFollows(inReview(), read([bug], wanted)).effects)).toBeUndefined();
    expect(
      orderIn(whatFollows(inReview(), read([bug], { ...wanted, changesRequested: ["thread-1"] })).effects),
    ).toBeDefined();
    const paused = whatFollows(inReview(), authorised(commanded({ verb: "pause" })));
    expect(orderIn(whatFollows(paused.task, read([bug])).effects)).toBeUndefined();
    const resumed = whatFollows(paused.task, authorised(commanded({ verb: "resume" })));
    expect(typesOf(resumed.effects)).toEqual(["refresh_status", "read_feedback"]);
    expect(orderIn(whatFollows(resumed.task, read([bug])).effects)).toBeDefined();
  });

  it("starts a round whenever a writer asks for one, and says so when nothing waits", () => {
    const asking = whatFollows(inReview(), authorised(commanded({ verb: "fix-review" })));
    expect(asking.effects).toMatchObject([{ type: "read_feedback", notBefore: 0, asked: { by: { login: "ann" } } }]);
    const command = { policy: policyWith({ trigger: "command" }) };
    expect(orderIn(whatFollows(inReview(), read([bug], command, "asked")).effects)).toMatchObject({ requestedBy: ann });
    expect(whatFollows(inReview(), read([], {}, "asked")).effects).toMatchObject([
      { type: "say", message: { kind: "refusal", refusal: { kind: "nothing_pending" } }, on: 9 },
    ]);
    const without = whatFollows(aStartedTask(), authorised(commanded({ verb: "fix-review" })));
    expect(without.effects).toMatchObject([{ message: { refusal: { kind: "no_pull_request" } } }]);
  });

  it("of a person goes on after a failed round; a bot's does not", () => {
    const failedRound = (items: readonly FeedbackItem[]) => {
      const task = started(items);
      const run = "run" in task.work ? task.work.run : "";
      const outcome = { kind: "failed", class: "agent_crashed", detail: "" } as const;
      return whatFollows(task, { type: "run_ended", at: monday, run, outcome, seconds: 1 }).task;
    };
    const failed = failedRound([bug]);
    expect(failed.halt.kind).toBe("failed");
    expect(orderIn(whatFollows(failed, read([bug])).effects)).toBeUndefined();
    const later = { ...bug, version: versionAt(9, 9), entries: [{ author: ann, at: minute(9), body: "And now?" }] };
    expect(orderIn(whatFollows(failed, read([later])).effects)).toBeDefined();
    const other = inThread("thread-8", rabbit, 8);
    expect(orderIn(whatFollows(failed, read([bug, other])).effects)).toBeUndefined();
  });
});

describe("the answers of a round", () => {
  const answers: readonly AnswerGiven[] = [
    { item: "thread-1", kind: "fixed", text: "It ends now." },
    { item: "thread-2", kind: "fixed", text: "Renamed." },
    { item: "review-5", kind: "declined", text: "It is public API." },
  ];
  const body: FeedbackItem = {
    ...inThread("review-5", ann, 5),
    surface: "review_body",
    place: undefined,
    thread: undefined,
  };
  const items = [bug, nit, body];

  it("go into the threads and one comment; a bot's thread is resolved, a person's is hers to close", () => {
    const { task, effects } = answered(started(items), items, answers);
    expect(typesOf(effects)).toEqual([
      "complete_check",
      "reply_in_thread",
      "reply_in_thread",
      "resolve_thread",
      "say",
      "request_review",
      "report_review",
      "refresh_status",
      "read_feedback",
    ]);
    expect(effects.filter((effect) => effect.type === "resolve_thread")).toMatchObject([{ item: "thread-2" }]);
    expect(effects.filter((effect) => effect.type === "request_review")).toMatchObject([{ login: "ann" }]);
    expect(task.review.ledger.map(({ item, answer }) => [item, answer.kind])).toEqual([
      ["thread-1", "fixed"],
      ["thread-2", "fixed"],
      ["review-5", "declined"],
    ]);
    expect(task).toMatchObject({ work: { kind: "idle" }, rounds: 2, pushedSha: next, pullRequest: { headSha: next } });
    expect(orderIn(whatFollows(task, read(items, { headSha: next })).effects)).toBeUndefined();
    expect(reviewStateOf(task)).toBe("success");
  });

  it("resolve nothing while the verification is red, where the policy says so, and where a person spoke too", () => {
    const resolved = (how: Partial<Answered>, items: readonly FeedbackItem[] = [nit]) =>
      answered(started(items), items, [{ item: nit.id, kind: "fixed", text: "" }], how).effects.some(
        ({ type }) => type === "resolve_thread",
      );
    expect(resolved({})).toBe(true);
    expect(resolved({ verification: "red" })).toBe(false);
    expect(resolved({ resolve: "none" })).toBe(false);
    const spoken = { ...nit, entries: [...nit.entries, { author: ann, at: minute(3), body: "I agree." }] };
    expect(resolved({}, [spoken])).toBe(false);
    expect(resolved({ resolve: "all" }, [spoken])).toBe(true);
  });

  it("need no commit, and a point left out is handed to a person", () => {
    const { task, effects } = answered(
      started([bug, nit]),
      [bug, nit],
      [{ item: "thread-1", kind: "question", text: "20?" }],
      {
        commit: "none",
      },
    );
    expect(typesOf(effects)).not.toContain("push_branch");
    expect(task.review.ledger.map(({ answer }) => answer.kind)).toEqual(["question", "person"]);
    expect(reviewStateOf(task)).toBe("failure");
    expect(task.review.rounds).toMatchObject([{ commit: undefined, startedBy: "person" }]);
  });

  it("are pointed to, without an agent, when a bot says the same again", () => {
    const end = answered(started([nit]), [nit], [{ item: "thread-2", kind: "declined", text: "It is never empty." }]);
    const again = { ...inThread("thread-7", rabbit, 30), version: versionAt(2_000_000, 30) };
    const repeated = {
      ...again,
      entries: [{ author: rabbit, at: minute(2_000_000), body: nit.entries[0]?.body ?? "" }],
    };
    const { task, effects } = whatFollows(end.task, read([nit, repeated], { headSha: next }));
    expect(orderIn(effects)).toBeUndefined();
    expect(effects).toMatchObject([
      { type: "reply_in_thread", row: { item: "thread-7", answer: { kind: "duplicate", of: "thread-2" } } },
      { type: "report_review" },
      { type: "refresh_status" },
    ]);
    expect(reviewStateOf(task)).toBe("success");
  });
});

describe("rounds that lead nowhere", () => {
  it("stop with both positions and one question, and go on when a person says so", () => {
    const limits = { policy: policyWith({ botRounds: 1 }) };
    const end = answered(started([nit]), [nit], [{ item: "thread-2", kind: "fixed", text: "Renamed." }]);
    const more = inThread("thread-4", rabbit, 2_000_000, {
      text: "Something else entirely is wrong over here.",
      line: 90,
    });
    const { task, effects } = whatFollows(end.task, read([nit, more], { headSha: next, ...limits }));
    expect(effects).toMatchObject([
      { type: "say", message: { kind: "circling", reason: "bot_rounds" }, on: 9 },
      { type: "report_review" },
      { type: "refresh_status" },
    ]);
    expect(task.halt).toMatchObject({ kind: "blocked", cause: "circling" });
    expect(reviewStateOf(task)).toBe("failure");
    expect(typesOf(whatFollows(task, read([nit, more], { headSha: next, ...limits })).effects)).not.toContain(
      "queue_run",
    );
    const asked = whatFollows(task, read([nit, more], { headSha: next, ...limits }, "asked"));
    expect(orderIn(asked.effects)).toMatchObject({ round: 2 });
    expect(asked.task.halt.kind).toBe("none");
  });
});

describe("a pull request that is over", () => {
  it("ends the round on it, and shows as what became of it", () => {
    const merged: Event = { type: "pull_request_closed", at: monday, number: 9, merged: true, actor: ann };
    const end = whatFollows(started([bug]), merged);
    expect(typesOf(end.effects)).toEqual(["cancel_run", "refresh_status"]);
    const run = "run" in end.task.work ? end.task.work.run : "none";
    const ended: Event = { type: "run_ended", at: monday, run, outcome: { kind: "stopped" }, seconds: 1 };
    expect(statusOf(whatFollows(end.task, ended).task)).toBe("merged");
  });
});

describe("quiet", () => {
  it("is what a draft, a label taken off or a closed issue asks for", () => {
    const draft = whatFollows(inReview(), { type: "draft_changed", at: monday, number: 9, draft: true, actor: ann });
    expect(draft.task.review.pausedBy).toBe("ann (draft)");
    const ready = whatFollows(draft.task, { type: "draft_changed", at: monday, number: 9, draft: false, actor: ann });
    expect(ready.task.review.pausedBy).toBeUndefined();
    expect(
      whatFollows(inReview(), { type: "label_removed", at: monday, label: "agent", actor: ann }).task.review.pausedBy,
    ).toBe("ann");
    expect(whatFollows(inReview(), { type: "issue_closed", at: monday, actor: ann }).task.review.pausedBy).toBe("ann");
  });
});
