import { describe, expect, it } from "vitest";
import {
  ann,
  aStartedTask,
  aTask,
  authorised,
  commanded,
  helperBot,
  labelled,
  monday,
  tim,
} from "../../support/builders.ts";
import { given } from "./given-when-then.ts";

describe("starting a run", () => {
  it("checks a label's sender before anything is said", () => {
    given(aTask())
      .when({ type: "trigger_received", at: monday, trigger: labelled() })
      .then({ work: { kind: "authorising", trigger: labelled() } }, [{ type: "authorise" }]);
  });

  it("shows 👀 on a command at once", () => {
    const trigger = commanded({ verb: "run" });
    given(aTask())
      .when({ type: "trigger_received", at: monday, trigger })
      .then({ work: { kind: "authorising", trigger } }, [{ type: "react", to: trigger.source }, { type: "authorise" }]);
  });

  it("queues the run, posts the status comment and shows 👀 on it for a label", () => {
    given(aTask({ work: { kind: "authorising", trigger: labelled() } }))
      .when(authorised(labelled()))
      .then(
        {
          work: { kind: "queued", run: "500-7-5" },
          branch: "agent/issue-7",
          requester: ann,
          label: "agent",
          halt: { kind: "none" },
        },
        [
          { type: "queue_run", run: "500-7-5" },
          { type: "refresh_status" },
          { type: "react", to: { kind: "label", label: "agent" } },
        ],
      );
  });

  it("forgets a label that is not this repository's trigger, without a word", () => {
    given(aTask({ work: { kind: "authorising", trigger: labelled("bug") } }))
      .when({ type: "trigger_dismissed", at: monday, trigger: labelled("bug") })
      .then({ work: { kind: "idle" } }, []);
  });

  it("does not start what was taken back while it was being checked", () => {
    const task = given(aTask({ work: { kind: "authorising", trigger: labelled() } }))
      .when({ type: "label_removed", at: monday + 1000, label: "agent", actor: ann })
      .then({ work: { kind: "idle" } }, []);
    given(task).when(authorised(labelled())).thenNothingHappens("taken back before it was authorised");
    given(task)
      .when(authorised(labelled("agent", ann, monday + 2000)))
      .then({ work: { kind: "queued", run: "500-7-6" } }, [
        { type: "queue_run" },
        { type: "refresh_status" },
        { type: "react" },
      ]);
  });

  it("says a refusal once and goes back to rest", () => {
    given(aTask({ work: { kind: "authorising", trigger: labelled("agent", tim) } }))
      .when({
        type: "trigger_refused",
        at: monday,
        trigger: labelled("agent", tim),
        refusal: { kind: "permission", has: "triage" },
      })
      .then({ work: { kind: "idle" } }, [
        { type: "say", key: expect.stringMatching(/^refusal:permission:1002:[0-9a-f]+:day-20514$/) },
      ]);
  });

  it("answers a bot's command once a day, whatever the comment", () => {
    const refuse = (commentId: number) => {
      const trigger = commanded({ verb: "run" }, helperBot, commentId);
      return given(aTask()).when({ type: "trigger_refused", at: monday, trigger, refusal: { kind: "bot" } });
    };
    const key = expect.stringMatching(/^refusal:bot:2001:[0-9a-f]+:day-20514$/);
    refuse(1).then({}, [{ type: "say", key, about: { kind: "comment", commentId: 1, thread: 7 } }]);
    refuse(2).then({}, [{ type: "say", key, about: { kind: "comment", commentId: 2, thread: 7 } }]);
  });

  it("refuses a second run while one is under way", () => {
    given(aStartedTask({ work: { kind: "running", run: "500-7-5", phase: "agent_working", since: monday } }))
      .when(authorised(commanded({ verb: "run" })))
      .then({ work: { kind: "running", run: "500-7-5", phase: "agent_working", since: monday } }, [{ type: "say" }]);
  });

  it("refuses a second pull request while the first is open", () => {
    given(aStartedTask({ pullRequest: { kind: "open", number: 8, headSha: "c" } }))
      .when(authorised(labelled()))
      .then({ work: { kind: "idle" } }, [
        { type: "say", message: { kind: "refusal", to: ann, refusal: { kind: "pull_request_open", number: 8 } } },
      ]);
  });

  it("goes back to rest after that refusal", () => {
    const pullRequest = { kind: "open", number: 8, headSha: "c" } as const;
    given(aStartedTask({ pullRequest, work: { kind: "authorising", trigger: labelled() } }))
      .when(authorised(labelled()))
      .then({ work: { kind: "idle" }, pullRequest }, [{ type: "say" }]);
  });

  it("begins a new generation on a new branch after the pull request was merged", () => {
    given(aStartedTask({ pullRequest: { kind: "merged", number: 8 }, rounds: 3, pushedSha: "c" }))
      .when(authorised(labelled()))
      .then(
        { generation: 2, branch: "agent/issue-7-2", pullRequest: { kind: "none" }, rounds: 0, pushedSha: undefined },
        [{ type: "queue_run" }, { type: "refresh_status" }, { type: "react" }],
      );
  });
});
