import { describe, expect, it } from "vitest";
import type { LedgerRow } from "../../../src/orchestrator/domain/feedback.ts";
import type { Reading } from "../../../src/orchestrator/domain/review.ts";
import type { Task } from "../../../src/orchestrator/domain/task.ts";
import type { EffectContext } from "../../../src/orchestrator/effects/effect-context.ts";
import { readFeedback } from "../../../src/orchestrator/effects/read-feedback.ts";
import { replyInThread } from "../../../src/orchestrator/effects/reply-in-thread.ts";
import { reportReview } from "../../../src/orchestrator/effects/report-review.ts";
import { resolveThread } from "../../../src/orchestrator/effects/resolve-thread.ts";
import type { GitHub, GitHubFailureCode, ReviewReader } from "../../../src/orchestrator/ports.ts";
import { ann, aPolicy, aSnapshot, aStartedTask, helperBot, monday, sha } from "../../support/builders.ts";

const thread = { nodeId: "PRRT_1", firstCommentId: 11 };
const row: LedgerRow = {
  item: "thread-11",
  version: "2026-03-02T09:00:00.000Z/11",
  surface: "thread",
  by: helperBot,
  from: "bot",
  excerpt: "This is off by one.",
  path: "sum.ts",
  answer: { kind: "fixed", sha: sha.head, note: "Counted from zero." },
  run: "500-7-9",
  round: 1,
  closed: false,
};
const reply = { type: "reply_in_thread", number: 8, row, thread } as const;
const inReview: Task = aStartedTask({ pullRequest: { kind: "open", number: 8, headSha: sha.head } });

interface Given {
  readonly task?: Task;
  readonly attempts?: number;
  readonly outcome?: EffectContext["outcome"];
  readonly github?: Partial<GitHub>;
  readonly read?: ReviewReader["read"];
  readonly known?: Readonly<Record<string, string>>;
}

/** A context in which every call of GitHub that a test did not allow fails it. */
function contextOf({ task = inReview, attempts = 1, outcome = "fresh", github = {}, read, known = {} }: Given) {
  const asked: string[] = [];
  const watched = new Proxy(github, {
    get(target, name: keyof GitHub) {
      asked.push(name);
      const call = target[name];
      if (call === undefined) throw new Error(`GitHub was asked to ${name}`);
      return call;
    },
  });
  const context = {
    task,
    attempts,
    outcome,
    at: { repository: task.repository, installationId: task.installationId, beforeWrite: async () => {} },
    ports: { github: watched, clock: () => monday, reviewer: { read } },
    facts: { objectId: async (key: string) => known[key], lastSnapshot: async () => aSnapshot() },
  } as unknown as EffectContext;
  return { context, asked };
}

function failure(code: GitHubFailureCode): Error {
  return Object.assign(new Error(`GitHub said ${code}`), { code });
}

describe("an answer in a thread", () => {
  it("is written and remembered, without looking for it first", async () => {
    const bodies: string[] = [];
    const { context, asked } = contextOf({
      github: {
        async replyInThread(_at, where, body) {
          expect(where).toEqual({ pullRequest: 8, ...thread });
          bodies.push(body);
          return { id: 77 };
        },
      },
    });
    const done = await replyInThread(reply, context);
    expect(Object.values(done.remember ?? {})).toEqual(["77"]);
    expect(bodies).toEqual([expect.stringMatching(/^Fixed in c{40}\.\n\nCounted from zero\.\n\n<!-- baton:500-7:/)]);
    expect(asked).toEqual(["replyInThread"]);
  });

  it("in doubt is looked for, and written only when it is not there", async () => {
    const found = contextOf({ outcome: "in_doubt", github: { findReply: async () => 76 } });
    expect(Object.values((await replyInThread(reply, found.context)).remember ?? {})).toEqual(["76"]);
    const missing = contextOf({
      outcome: "in_doubt",
      github: { findReply: async () => undefined, replyInThread: async () => ({ id: 77 }) },
    });
    await replyInThread(reply, missing.context);
    expect(missing.asked).toEqual(["findReply", "replyInThread"]);
  });

  it("is not written again for the same round, and is for the next over the same words", async () => {
    const first = contextOf({ github: { replyInThread: async () => ({ id: 77 }) } });
    const known = (await replyInThread(reply, first.context)).remember ?? {};
    const again = contextOf({ known });
    expect(await replyInThread(reply, again.context)).toEqual({});
    expect(again.asked).toEqual([]);
    const reopened = contextOf({ known, github: { replyInThread: async () => ({ id: 78 }) } });
    const later = { ...reply, row: { ...row, run: "500-7-14", round: 2 } };
    expect(Object.values((await replyInThread(later, reopened.context)).remember ?? {})).toEqual(["78"]);
  });

  it("is given up when the thread stays away, and not after one look", async () => {
    const gone = { replyInThread: async () => Promise.reject(failure("not_found")), findReply: async () => undefined };
    await expect(replyInThread(reply, contextOf({ github: gone }).context)).rejects.toThrow("not_found");
    const late = contextOf({ github: gone, attempts: 4, outcome: "in_doubt" });
    expect(await replyInThread(reply, late.context)).toEqual({});
    const other = { ...gone, replyInThread: async () => Promise.reject(failure("forbidden")) };
    await expect(replyInThread(reply, contextOf({ github: other, attempts: 4 }).context)).rejects.toThrow("forbidden");
  });
});

describe("a resolution", () => {
  it("that is refused becomes a fact; one that happened, or whose thread is gone, is over", async () => {
    const resolve = { type: "resolve_thread", item: row.item, thread } as const;
    const outcomes = await Promise.all(
      (["resolved", "gone", "refused"] as const).map((answer) =>
        resolveThread(resolve, contextOf({ github: { resolveThread: async () => answer } }).context),
      ),
    );
    expect(outcomes).toEqual([{}, {}, { event: expect.objectContaining({ type: "resolution_refused", at: monday }) }]);
  });
});

describe("the ledger's check", () => {
  const report = { type: "report_review", headSha: sha.head } as const;

  it("is made once per head, brought up to date in place, and left alone when nothing in it changed", async () => {
    const made = contextOf({ github: { createCheck: async () => ({ id: 5 }) } });
    const known = (await reportReview(report, made.context)).remember ?? {};
    const same = contextOf({ known });
    expect(await reportReview(report, same.context)).toEqual({});
    expect(same.asked).toEqual([]);

    const task = { ...inReview, review: { ...inReview.review, ledger: [row] } };
    const updates: unknown[] = [];
    const changed = contextOf({
      task,
      known,
      github: {
        async updateCheck(_at, check, said) {
          updates.push([check, said.status, said.title]);
        },
      },
    });
    await reportReview(report, changed.context);
    expect(updates).toEqual([[5, "success", "All 1 points have their answer"]]);
    const elsewhere = contextOf({ task, known, github: { createCheck: async () => ({ id: 6 }) } });
    await reportReview({ ...report, headSha: sha.base }, elsewhere.context);
    expect(elsewhere.asked).toEqual(["createCheck"]);
  });

  it("does not run for ever at the head a round began at", async () => {
    const work = { kind: "running", run: "r", phase: "agent_working", since: monday } as const;
    const begun = contextOf({ task: { ...inReview, work }, github: { createCheck: async () => ({ id: 5 }) } });
    const known = (await reportReview(report, begun.context)).remember ?? {};
    const updates: unknown[] = [];
    const over = contextOf({
      known,
      github: {
        createCheck: async () => ({ id: 6 }),
        async updateCheck(_at, check, said) {
          updates.push([check, said.status]);
        },
      },
    });
    const done = await reportReview({ ...report, headSha: sha.base }, over.context);
    expect(updates).toEqual([[5, "success"]]);
    const later = contextOf({
      known: { ...known, ...done.remember },
      github: { createCheck: async () => ({ id: 7 }) },
    });
    await reportReview({ ...report, headSha: "e".repeat(40) }, later.context);
    expect(later.asked).toEqual(["createCheck"]);
  });

  it("in doubt is looked for before a second one is made", async () => {
    const found = contextOf({ outcome: "in_doubt", github: { findCheck: async () => 5, updateCheck: async () => {} } });
    await reportReview(report, found.context);
    expect(found.asked).toEqual(["findCheck", "updateCheck"]);
  });
});

describe("a reading", () => {
  const order = { type: "read_feedback", number: 8, notBefore: 0, asked: undefined } as const;
  const reading: Reading = {
    number: 8,
    headSha: sha.head,
    draft: false,
    ours: true,
    items: [],
    changesRequested: [],
    leftOut: 0,
    policy: aPolicy(),
    snapshot: aSnapshot(),
  };

  it("tells the task what was found or why nothing could be, with whoever asked", async () => {
    const asked = { by: ann, at: monday, guidance: "Be brief.", thread: 8 };
    const guidance: string[] = [];
    const read: ReviewReader["read"] = async (_at, wanted) => {
      guidance.push(wanted.guidance);
      return { kind: "read", reading };
    };
    const done = await readFeedback({ ...order, asked }, contextOf({ read }).context);
    expect(done.event).toEqual({ type: "feedback_read", at: monday, reading, asked });
    expect(guidance).toEqual(["Be brief."]);
    const refusal = { kind: "bad_config", file: ".github/agent.yml", problems: ["not YAML"] } as const;
    const refused = await readFeedback(order, contextOf({ read: async () => ({ kind: "refused", refusal }) }).context);
    expect(refused.event).toEqual({ type: "feedback_unread", at: monday, number: 8, refusal, asked: undefined });
    const closed = await readFeedback(order, contextOf({ read: async () => ({ kind: "not_open" }) }).context);
    expect(closed).toEqual({});
  });

  it("asks nobody when the pull request is not the open one any more", async () => {
    const read = () => Promise.reject(new Error("was read"));
    for (const pullRequest of [
      { kind: "none" },
      { kind: "merged", number: 8 },
      { kind: "open", number: 9, headSha: sha.head },
    ] as const)
      expect(await readFeedback(order, contextOf({ read, task: { ...inReview, pullRequest } }).context)).toEqual({});
  });
});
