import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../../src/orchestrator/domain/decide.ts";
import type { Event } from "../../../src/orchestrator/domain/event.ts";
import { statusOf } from "../../../src/orchestrator/domain/status-of.ts";
import type { Task, Work } from "../../../src/orchestrator/domain/task.ts";
import {
  ann,
  aStartedTask,
  aTask,
  authorised,
  changedOutcome,
  commanded,
  labelled,
  monday,
  sha,
} from "../../support/builders.ts";

const run = "500-7-5";
const works: readonly Work[] = [
  { kind: "idle" },
  { kind: "authorising", trigger: labelled() },
  { kind: "queued", run },
  { kind: "running", run, phase: "agent_working", since: monday },
  { kind: "stopping", run, by: "ann" },
  { kind: "publishing", run, headSha: sha.head },
];

const events: readonly (readonly [string, Event])[] = [
  ["label: received", { type: "trigger_received", at: monday, trigger: labelled() }],
  ["label: authorised", authorised(labelled())],
  [
    "label: refused",
    { type: "trigger_refused", at: monday, trigger: labelled(), refusal: { kind: "permission", has: "read" } },
  ],
  ["label: dismissed", { type: "trigger_dismissed", at: monday, trigger: labelled() }],
  ["stop: received", { type: "trigger_received", at: monday, trigger: commanded({ verb: "stop" }) }],
  ["stop: authorised", authorised(commanded({ verb: "stop" }))],
  ["status: authorised", authorised(commanded({ verb: "status" }))],
  ["help: authorised", authorised(commanded({ verb: "help" }))],
  ["label_removed", { type: "label_removed", at: monday, label: "agent", actor: ann }],
  ["issue_closed", { type: "issue_closed", at: monday, actor: ann }],
  ["queue_moved", { type: "queue_moved", at: monday }],
  ["run_started", { type: "run_started", at: monday, run }],
  ["run_phase_changed", { type: "run_phase_changed", at: monday, run, phase: "verifying" }],
  ["run_interrupted", { type: "run_interrupted", at: monday, run }],
  ["run_ended: changed", { type: "run_ended", at: monday, run, outcome: changedOutcome(), seconds: 3 }],
  [
    "run_ended: failed",
    { type: "run_ended", at: monday, run, outcome: { kind: "failed", class: "agent_crashed", detail: "" }, seconds: 3 },
  ],
  ["branch_pushed", { type: "branch_pushed", at: monday, run, headSha: sha.head }],
  ["publish_refused", { type: "publish_refused", at: monday, run, reason: "no" }],
  ["pull_request_opened", { type: "pull_request_opened", at: monday, run, number: 8, headSha: sha.head, draft: false }],
  ["pull_request_closed", { type: "pull_request_closed", at: monday, number: 8, merged: true, actor: ann }],
];

describe("work × event", () => {
  it("is decided as the table says", () => {
    const table = works.flatMap((work) =>
      events.map(([name, event]) => {
        const decision = decide(aStartedTask({ work }), event);
        const result =
          decision.kind === "ignored"
            ? `– ${decision.reason}`
            : `${decision.task.work.kind}, ${statusOf(decision.task)}${decision.effects.map((effect) => ` + ${effect.type}`).join("")}`;
        return `${work.kind.padEnd(12)} ${name.padEnd(20)} ${result}`;
      }),
    );
    expect(table.join("\n")).toMatchSnapshot();
  });
});

describe("whatever order events arrive in", () => {
  const anyEvents = fc.array(fc.constantFrom(...events.map(([, event]) => event)), { maxLength: 60 });

  it("there is at most one live run, and an open pull request is never forgotten", () => {
    fc.assert(
      fc.property(anyEvents, (sequence) => {
        let task: Task = aTask();
        const live = new Set<string>();
        for (const event of sequence) {
          const decision = decide(task, event);
          if (decision.kind === "ignored") continue;
          for (const effect of decision.effects) {
            if (effect.type === "queue_run") live.add(effect.run);
            if (effect.type === "cancel_run") live.delete(effect.run);
          }
          const busy = "run" in decision.task.work ? decision.task.work.run : undefined;
          if (busy === undefined || decision.task.work.kind === "publishing") live.clear();
          expect(live.size).toBeLessThanOrEqual(1);
          if (task.pullRequest.kind === "open" && decision.task.pullRequest.kind === "none")
            throw new Error("forgot a pull request");
          expect(decision.task.version).toBe(task.version + 1);
          task = decision.task;
        }
      }),
    );
  });

  it("the same event twice in a row changes nothing the second time but what it may say again", () => {
    fc.assert(
      fc.property(anyEvents, fc.constantFrom(...events.map(([, event]) => event)), (sequence, last) => {
        let task: Task = aTask();
        for (const event of [...sequence, last]) {
          const decision = decide(task, event);
          if (decision.kind === "decided") task = decision.task;
        }
        const again = decide(task, last);
        if (again.kind === "ignored") return;
        expect(again.effects.filter((effect) => effect.type === "queue_run" || effect.type === "push_branch")).toEqual(
          [],
        );
      }),
    );
  });
});
