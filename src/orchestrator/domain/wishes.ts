import { type Decision, decided, ignored } from "./decision.ts";
import type { Effect } from "./effect.ts";
import type { Event, Grant } from "./event.ts";
import type { Message } from "./message.ts";
import { pause } from "./pause.ts";
import { readFeedback } from "./read-feedback.ts";
import { noReview } from "./review.ts";
import type { RunOrder } from "./run.ts";
import type { Task } from "./task.ts";
import type { Refusal, Trigger } from "./trigger.ts";

type Authorised = Event & { type: "trigger_authorised" };
type Refused = Event & { type: "trigger_refused" };

/** Starts a run for an authorised wish on a task that is not busy. */
export function startRun(task: Task, trigger: Trigger, grant: Grant & { verb: "run" }): Decision {
  if (task.pullRequest.kind === "open") {
    const refusal = { kind: "pull_request_open", number: task.pullRequest.number } as const;
    return refuse(task, trigger, refusal, { work: { kind: "idle" } });
  }
  const finished = task.pullRequest.kind !== "none";
  const generation = finished ? task.generation + 1 : task.generation;
  const branch = branchName(grant.policy.branch, task.issue, generation);
  const run = `${task.id}-${task.version + 1}`;
  const order: RunOrder = {
    purpose: "implement",
    profile: grant.profile,
    policy: grant.policy,
    snapshot: grant.snapshot,
    branch,
    parent: finished ? undefined : task.pushedSha,
    requestedBy: trigger.actor,
  };
  const changes: Partial<Task> = {
    work: { kind: "queued", run },
    pullRequest: { kind: "none" },
    halt: { kind: "none" },
    lastRun: undefined,
    title: grant.snapshot.title,
    generation,
    branch,
    pushedSha: finished ? undefined : task.pushedSha,
    requester: trigger.actor,
    requestedAt: trigger.at,
    profile: grant.profile,
    label: trigger.source.kind === "label" ? trigger.source.label : undefined,
    snapshotHash: grant.snapshot.hash,
    rounds: finished ? 0 : task.rounds,
    // Another pull request begins with a clean slate.
    review: { ...(finished ? noReview : task.review), quietSeconds: grant.policy.review.quietSeconds },
  };
  const seen: readonly Effect[] = trigger.source.kind === "label" ? [{ type: "react", to: trigger.source }] : [];
  return decided(task, changes, [{ type: "queue_run", run, order }, { type: "refresh_status" }, ...seen]);
}

/** Wishes that any kind of work answers in the same way; `undefined` leaves the answer to the kind of work. */
export function answerWish(task: Task, event: Authorised): Decision | undefined {
  switch (event.grant.verb) {
    case "status":
      return decided(task, {}, [{ type: "refresh_status" }]);
    case "help":
      return decided(task, {}, [
        {
          type: "say",
          message: { kind: "help", to: event.trigger.actor },
          key: `help:${sourceKey(event.trigger)}`,
          about: event.trigger.source,
        },
      ]);
    case "fix-review":
    case "include":
      return onPullRequest(task, event, (number) => {
        const { wish, actor, at, guidance, source } = event.trigger;
        const thread = source.kind === "label" ? number : source.thread;
        const admitted = wish.verb === "include" ? { ...task.review.admitted, [wish.entry]: at } : task.review.admitted;
        const asked = wish.verb === "fix-review" ? { by: actor, at, guidance, thread } : undefined;
        return decided(task, { review: { ...task.review, admitted } }, [readFeedback(number, 0, asked)]);
      });
    case "pause":
      return onPullRequest(task, event, () => pause(task, event.trigger.actor.login));
    case "resume":
      return onPullRequest(task, event, (number) => resume(task, event, number));
    case "run":
    case "stop":
      return undefined;
  }
}

function onPullRequest(task: Task, event: Authorised, act: (number: number) => Decision): Decision {
  const { pullRequest } = task;
  return pullRequest.kind === "open"
    ? act(pullRequest.number)
    : refuse(task, event.trigger, { kind: "no_pull_request" });
}

/** Rounds go on by themselves again, whoever or whatever stopped them. */
function resume(task: Task, event: Authorised, number: number): Decision {
  const isStuck = task.halt.kind === "blocked" && task.halt.cause === "circling";
  if (task.review.pausedBy === undefined && !isStuck) return refuse(task, event.trigger, { kind: "not_paused" });
  const changes: Partial<Task> = {
    review: { ...task.review, pausedBy: undefined, personSpokeAt: event.at },
    ...(isStuck ? { halt: { kind: "none" } } : {}),
  };
  return decided(task, changes, [{ type: "refresh_status" }, readFeedback(number)]);
}

/** One reply with the reason; the task stays as it is but for `changes`. */
export function refuse(task: Task, trigger: Trigger, refusal: Refusal, changes: Partial<Task> = {}): Decision {
  const message: Message = { kind: "refusal", to: trigger.actor, refusal };
  return decided(task, changes, [{ type: "say", message, key: refusalKey(trigger, refusal), about: trigger.source }]);
}

/**
 * A run was asked for while one is under way. The label that started it can only have been put on again after it was
 * taken off: that news is late, and what is wanted is going on.
 */
export function refuseSecondRun(task: Task, trigger: Trigger): Decision {
  const { source } = trigger;
  const isSameLabel = source.kind === "label" && source.label.toLowerCase() === task.label?.toLowerCase();
  return isSameLabel ? ignored("its label is on again") : refuse(task, trigger, { kind: "already_running" });
}

/** The refusal that the authorisation found, said once. */
export function sayRefusal(task: Task, event: Refused, changes: Partial<Task> = {}): Decision {
  return refuse(task, event.trigger, event.refusal, changes);
}

/** Whether two triggers are the same act of the same person. */
export function isSameTrigger(a: Trigger, b: Trigger): boolean {
  return sourceKey(a) === sourceKey(b) && a.actor.id === b.actor.id;
}

/**
 * The same refusal to the same person is said once a day and then only shown as a reaction, so that nobody can make the
 * app flood an issue (security.md T37). What only a writer can reach, and what has changed since, is answered each time.
 */
function refusalKey(trigger: Trigger, refusal: Refusal): string {
  const when = dependsOnTheMoment(refusal) ? sourceKey(trigger) : `day-${Math.floor(trigger.at / 86_400_000)}`;
  return `refusal:${refusal.kind}:${trigger.actor.id}:${checksum(JSON.stringify(refusal))}:${when}`;
}

function dependsOnTheMoment(refusal: Refusal): boolean {
  switch (refusal.kind) {
    case "already_running":
    case "pull_request_open":
    case "nothing_to_stop":
    case "no_pull_request":
    case "nothing_pending":
    case "not_paused":
    case "issue_closed":
    case "edited_by_stranger":
      return true;
    default:
      return false;
  }
}

/** FNV-1a, 32 bits: tells two refusals of a kind apart, nothing more. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16);
}

function sourceKey(trigger: Trigger): string {
  const { source, at } = trigger;
  switch (source.kind) {
    case "comment":
      return `comment-${source.commentId}`;
    case "review_comment":
      return `review-comment-${source.commentId}`;
    case "review":
      return `review-${source.reviewId}`;
    case "label":
      return `label-${source.label}-${at}`;
  }
}

/** Branches come from numbers and the configured pattern only, never from text (security.md T28). */
function branchName(pattern: string, issue: number, generation: number): string {
  const name = pattern.replaceAll("{number}", String(issue));
  return generation > 1 ? `${name}-${generation}` : name;
}
