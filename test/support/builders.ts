import type { Event } from "../../src/orchestrator/domain/event.ts";
import type { Policy } from "../../src/orchestrator/domain/policy.ts";
import { noReview } from "../../src/orchestrator/domain/review.ts";
import type { RunOutcome, RunReport } from "../../src/orchestrator/domain/run.ts";
import type { Snapshot } from "../../src/orchestrator/domain/snapshot.ts";
import type { Task } from "../../src/orchestrator/domain/task.ts";
import type { Actor, Trigger, Wish } from "../../src/orchestrator/domain/trigger.ts";
import { defaultPolicy } from "../../src/policy-file.ts";

/** 2026-03-02 09:00 UTC, a Monday; tests count from here. */
export const monday = Date.UTC(2026, 2, 2, 9);

export const ann: Actor = { id: 1001, login: "ann", type: "User" };
export const tim: Actor = { id: 1002, login: "tim", type: "User" };
export const helperBot: Actor = { id: 2001, login: "helper[bot]", type: "Bot" };

export function aPolicy(changes: Partial<Policy> = {}): Policy {
  return { ...defaultPolicy({ defaultBranch: "main", allowedHosts: [] }), ...changes };
}

export function aSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    title: "Totals are one cent off",
    body: "Sums of prices with VAT are sometimes one cent too low.",
    author: tim,
    comments: [],
    guidance: "",
    removed: 0,
    leftOut: [],
    hash: "5f0c2a9d8e7b6a5f4e3d2c1b0a998877665544332211ffeeddccbbaa99887766",
    ...changes,
  };
}

export function aTask(changes: Partial<Task> = {}): Task {
  return {
    id: "500-7",
    repository: { id: 500, owner: "acme", name: "shop" },
    installationId: 90,
    issue: 7,
    generation: 1,
    version: 4,
    title: "Totals are one cent off",
    requester: undefined,
    requestedAt: undefined,
    profile: undefined,
    label: undefined,
    branch: undefined,
    pushedSha: undefined,
    snapshotHash: undefined,
    rounds: 0,
    seenLabels: {},
    withdrawnAt: undefined,
    lastRun: undefined,
    review: noReview,
    work: { kind: "idle" },
    pullRequest: { kind: "none" },
    halt: { kind: "none" },
    ...changes,
  };
}

/** A task that somebody started, whatever it is doing now. */
export function aStartedTask(changes: Partial<Task> = {}): Task {
  const started = {
    requester: ann,
    profile: "default",
    label: "agent",
    branch: "agent/issue-7",
    snapshotHash: aSnapshot().hash,
  };
  return aTask({ ...started, ...changes });
}

export function labelled(label = "agent", actor = ann, at = monday): Trigger {
  return {
    wish: { verb: "run" },
    source: { kind: "label", label },
    actor,
    at,
    guidance: "",
    issue: { title: "Totals are one cent off", body: "Sums of prices with VAT are sometimes one cent too low." },
  };
}

export function commanded(wish: Wish, actor = ann, commentId = 31): Trigger {
  return { ...labelled(), wish, source: { kind: "comment", commentId, thread: 7 }, actor };
}

export function authorised(trigger: Trigger): Event {
  const grant =
    trigger.wish.verb === "run"
      ? { verb: "run" as const, permission: "write", profile: "default", policy: aPolicy(), snapshot: aSnapshot() }
      : { verb: trigger.wish.verb, permission: "write" };
  return { type: "trigger_authorised", at: monday, trigger, grant };
}

export function aReport(changes: Partial<RunReport> = {}): RunReport {
  return {
    hasResult: true,
    title: "Round once, at the end",
    summary: "Totals were rounded per line; now the sum is rounded.",
    decisions: ["Prices stay in cents."],
    notDone: [],
    verification: { kind: "passed", commands: ["npm test"], tail: "3 passed" },
    blockedHosts: [],
    flaggedPaths: [],
    changedFiles: 2,
    seconds: 34,
    ...changes,
  };
}

export const sha = { base: "b".repeat(40), head: "c".repeat(40) } as const;

export function changedOutcome(changes: Partial<RunReport> = {}): RunOutcome {
  return { kind: "changed", headSha: sha.head, baseSha: sha.base, report: aReport(changes) };
}
