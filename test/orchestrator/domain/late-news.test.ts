import { describe, expect, it } from "vitest";
import type { Task } from "../../../src/orchestrator/domain/task.ts";
import { ann, aStartedTask, aTask, authorised, commanded, labelled, monday, sha, tim } from "../../support/builders.ts";
import { given } from "./given-when-then.ts";

const run = "500-7-5";
const second = 1000;
const received = (at: number, label = "agent") =>
  ({ type: "trigger_received", at, trigger: labelled(label, ann, at) }) as const;
const removed = (at: number) => ({ type: "label_removed", at, label: "agent", actor: ann }) as const;
const closed = (at: number) => ({ type: "issue_closed", at, actor: ann }) as const;

describe("a labelling", () => {
  const seen = given(aTask())
    .when(received(monday))
    .then({ seenLabels: { agent: monday } }, [{ type: "authorise" }]);

  it.each([
    ["at its time", 0],
    ["a second later, as the webhook dates it", second],
    ["hours before, by a webhook that was overtaken", -7200 * second],
  ])("that was taken up is nothing new when it is told of again %s", (_when, later) => {
    given(seen)
      .when(received(monday + later))
      .thenNothingHappens("this labelling was handled");
  });

  it("is the same whatever the letters of the label", () => {
    given(seen).when(received(monday, "Agent")).thenNothingHappens("this labelling was handled");
  });

  it("counts again when the label was put on again", () => {
    const later = monday + 2 * second;
    given({ ...seen, work: { kind: "idle" } })
      .when(received(later))
      .then({ seenLabels: { agent: later } }, [{ type: "authorise" }]);
  });

  it("of another label is another one", () => {
    given(seen)
      .when(received(monday, "agent:careful"))
      .then({ seenLabels: { agent: monday, "agent:careful": monday } }, [{ type: "authorise" }]);
  });

  it("is no reason to ignore a command", () => {
    given(seen)
      .when({ type: "trigger_received", at: monday, trigger: commanded({ verb: "run" }) })
      .then({ seenLabels: { agent: monday } }, [{ type: "react" }, { type: "authorise" }]);
  });
});

describe("news of an end that comes after somebody asked again", () => {
  const works: readonly Task["work"][] = [
    { kind: "queued", run },
    { kind: "running", run, phase: "agent_working", since: monday },
    { kind: "authorising", trigger: labelled("agent", ann, monday) },
  ];
  const asked = (work: Task["work"]) => aStartedTask({ work, requestedAt: monday });

  it.each(works)("does not end what is $kind", (work) => {
    given(asked(work))
      .when(closed(monday - 1))
      .thenNothingHappens("somebody asked again since");
    given(asked(work))
      .when(removed(monday - 1))
      .thenNothingHappens("somebody asked again since");
  });

  it("ends it when it happened in the same second or after", () => {
    const running = asked({ kind: "running", run, phase: "agent_working", since: monday });
    const stopped = { work: { kind: "stopping", run, by: "ann" } } as const;
    for (const event of [closed(monday), removed(monday), closed(monday + second)])
      given(running)
        .when(event)
        .then(stopped, [{ type: "cancel_run" }, { type: "refresh_status" }]);
  });

  it("does not end it either when the label is known to be on again", () => {
    const task = asked({ kind: "running", run, phase: "agent_working", since: monday });
    given({ ...task, seenLabels: { agent: monday + 5 * second } })
      .when(removed(monday + 3 * second))
      .thenNothingHappens("somebody asked again since");
  });
});

describe("a label that is on again before its removal was told", () => {
  const again = authorised(labelled("Agent", tim, monday + 9 * second));
  it.each([
    { kind: "queued", run },
    { kind: "running", run, phase: "agent_working", since: monday },
  ] as const)("asks for what is going on: $kind", (work) => {
    given(aStartedTask({ work })).when(again).thenNothingHappens("its label is on again");
  });

  it("gets its answer when another label, or a command, started the work", () => {
    for (const label of ["agent:careful", undefined])
      given(aStartedTask({ label, work: { kind: "queued", run } }))
        .when(again)
        .then({}, [{ type: "say" }]);
  });

  it("gets its answer when the work is already on its way", () => {
    given(aStartedTask({ work: { kind: "publishing", run, headSha: sha.head } }))
      .when(again)
      .then({}, [{ type: "say" }]);
  });
});

it("the time of a request is kept with its run", () => {
  const trigger = labelled("agent", ann, monday + 4 * second);
  const task = given(aTask({ work: { kind: "authorising", trigger } }))
    .when(authorised(trigger))
    .then({ requestedAt: trigger.at }, [{ type: "queue_run" }, { type: "refresh_status" }, { type: "react" }]);
  expect(task.label).toBe("agent");
});
