import { describe, expect, it } from "vitest";
import type { RunOutcome } from "../../../src/orchestrator/domain/run.ts";
import { ann, aStartedTask, authorised, changedOutcome, commanded, monday, sha } from "../../support/builders.ts";
import { given } from "./given-when-then.ts";

const run = "500-7-5";
const queued = aStartedTask({ work: { kind: "queued", run } });
const running = aStartedTask({ work: { kind: "running", run, phase: "agent_working", since: monday } });
const publishing = aStartedTask({ work: { kind: "publishing", run, headSha: sha.head } });
const ended = (outcome: RunOutcome) => ({ type: "run_ended", at: monday, run, outcome, seconds: 34 }) as const;

describe("a run under way", () => {
  it("shows when it starts and each phase", () => {
    given(queued)
      .when({ type: "run_started", at: monday, run })
      .then({ work: { kind: "running", run, phase: "preparing", since: monday } }, [{ type: "refresh_status" }]);
    given(running)
      .when({ type: "run_phase_changed", at: monday, run, phase: "verifying" })
      .then({ work: { kind: "running", run, phase: "verifying", since: monday } }, [{ type: "refresh_status" }]);
  });

  it("goes back to the queue when its worker drains", () => {
    given(running)
      .when({ type: "run_interrupted", at: monday, run })
      .then({ work: { kind: "queued", run } }, [{ type: "refresh_status" }]);
  });

  it("does not listen to another run's end", () => {
    given(running)
      .when({ ...ended({ kind: "stopped" }), run: "500-7-1" })
      .thenNothingHappens("another run");
  });
});

describe("stopping", () => {
  it("takes a queued run out of the queue", () => {
    given(queued)
      .when(authorised(commanded({ verb: "stop" })))
      .then({ work: { kind: "idle" }, halt: { kind: "stopped", by: "ann" } }, [
        { type: "cancel_run", run },
        { type: "refresh_status" },
      ]);
  });

  it("ends a live run when its label is removed, and nothing it hands over is published", () => {
    const stopping = given(running)
      .when({ type: "label_removed", at: monday, label: "agent", actor: ann })
      .then({ work: { kind: "stopping", run, by: "ann" } }, [{ type: "cancel_run", run }, { type: "refresh_status" }]);
    given(stopping)
      .when(ended(changedOutcome()))
      .then({ work: { kind: "idle" }, halt: { kind: "stopped", by: "ann" } }, [{ type: "refresh_status" }]);
  });

  it("leaves a run alone when some other label goes", () => {
    given(running)
      .when({ type: "label_removed", at: monday, label: "bug", actor: ann })
      .thenNothingHappens("not the label that started it");
  });

  it("ends a live run when the issue is closed", () => {
    given(running)
      .when({ type: "issue_closed", at: monday, actor: ann })
      .then({ work: { kind: "stopping", run, by: "ann" } }, [{ type: "cancel_run" }, { type: "refresh_status" }]);
  });
});

describe("publishing", () => {
  it("pushes, then opens the pull request, then writes what people read", () => {
    const task = given(running)
      .when(ended(changedOutcome()))
      .then({ work: { kind: "publishing", run, headSha: sha.head } }, [
        { type: "push_branch", run, headSha: sha.head },
      ]);
    const pushed = given(task)
      .when({ type: "branch_pushed", at: monday, run, headSha: sha.head })
      .then({ pushedSha: sha.head }, [{ type: "open_pull_request", run }]);
    given(pushed)
      .when({ type: "pull_request_opened", at: monday, run, number: 8, headSha: sha.head, draft: false })
      .then({ work: { kind: "idle" }, pullRequest: { kind: "open", number: 8, headSha: sha.head }, rounds: 1 }, [
        { type: "complete_check", headSha: sha.head },
        { type: "report_review", headSha: sha.head },
        { type: "request_review", number: 8, login: "ann" },
        { type: "refresh_status" },
      ]);
  });

  it("tells the requester when GitHub refuses", () => {
    given(publishing)
      .when({ type: "publish_refused", at: monday, run, reason: "The branch is protected." })
      .then(
        {
          work: { kind: "idle" },
          halt: { kind: "failed", class: "publish_refused", detail: "The branch is protected." },
        },
        [
          {
            type: "say",
            message: { kind: "failed", to: ann, class: "publish_refused", detail: "The branch is protected." },
          },
          { type: "refresh_status" },
        ],
      );
  });
});

describe("every end of a run that needs a person is one new comment", () => {
  const ends: readonly (readonly [RunOutcome, string | undefined])[] = [
    [{ kind: "no_change", reason: "Already fixed." }, "nothing_to_change"],
    [{ kind: "question", question: "Which rounding?" }, "question"],
    [{ kind: "limit", which: "minutes" }, "limit_reached"],
    [{ kind: "gate", reasons: ["A workflow file was changed."], kept: "as_patch" }, "blocked"],
    [{ kind: "failed", class: "agent_crashed", detail: "exit 1" }, "failed"],
    [{ kind: "stopped" }, undefined],
  ];
  it.each(ends)("%o", (outcome, kind) => {
    const says = kind ? [{ type: "say", message: { kind } }] : [];
    const task = given(running)
      .when(ended(outcome))
      .then({ work: { kind: "idle" } }, [...says, { type: "refresh_status" }] as never);
    expect(task.lastRun?.seconds).toBe(34);
  });
});

describe("a pull request that is closed or merged", () => {
  const open = aStartedTask({ pullRequest: { kind: "open", number: 8, headSha: sha.head } });
  it("is remembered as merged", () => {
    given(open)
      .when({ type: "pull_request_closed", at: monday, number: 8, merged: true, actor: ann })
      .then({ pullRequest: { kind: "merged", number: 8 } }, [{ type: "refresh_status" }]);
  });
  it("is none of ours under another number", () => {
    given(open)
      .when({ type: "pull_request_closed", at: monday, number: 9, merged: true, actor: ann })
      .thenNothingHappens("not the open pull request of this task");
  });
});
