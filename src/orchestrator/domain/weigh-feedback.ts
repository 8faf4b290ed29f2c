import { type Decision, decided, ignored } from "./decision.ts";
import type { Effect } from "./effect.ts";
import { person } from "./end-run.ts";
import type { Event } from "./event.ts";
import type { Answer, FeedbackItem } from "./feedback.ts";
import { noteResolutions, pendingItems, recordAnswers } from "./ledger.ts";
import { pause } from "./pause.ts";
import { judgeProgress, type Repeat, type Verdict } from "./progress.ts";
import { readFeedback } from "./read-feedback.ts";
import type { Asked, PendingPoint, Reading, Review } from "./review.ts";
import { startedBy } from "./round-record.ts";
import type { RunOrder } from "./run.ts";
import type { Task } from "./task.ts";

type Stop = Extract<Verdict, { kind: "stop" }>;
type Read = Event & { type: "feedback_read" };

/** Somebody wrote on our pull request: it is read once it has been quiet for a while, so that a review is one round. */
export function noticeFeedback(task: Task, event: Event & { type: "feedback_noticed" }): Decision {
  if (!isOpen(task, event.number)) return ignored("not the open pull request of this task");
  return decided(task, {}, [readFeedback(event.number, event.at + task.review.quietSeconds * 1000)]);
}

/**
 * Decides from a whole reading whether a round starts (product.md §4): from what is pending by the ledger, the policy,
 * and whether rounds still lead somewhere.
 */
export function weighFeedback(task: Task, event: Read): Decision {
  const { reading, asked } = event;
  if (task.pullRequest.kind !== "open" || !isOpen(task, reading.number))
    return ignored("not the open pull request of this task");
  if (!reading.ours) return ignored("its head is not the branch we made");
  const ledger = noteResolutions(task.review.ledger, reading.items);
  const pending = pendingItems(reading.items, ledger);
  const review: Review = {
    ...task.review,
    ledger,
    pending: pending.map(pointOf),
    quietSeconds: reading.policy.review.quietSeconds,
  };
  const seen: Task = { ...task, review, pullRequest: { ...task.pullRequest, headSha: reading.headSha } };
  const news = isNews(task, seen) ? shown(reading) : [];
  if (task.work.kind !== "idle") return asked ? notNow(seen, asked, news) : saved(seen, news);
  if (pending.length === 0) return asked ? nothingPending(seen, asked, news) : saved(seen, news);
  if (!asked && !startsByItself(seen, reading, pending)) return saved(seen, news);
  const spoken = asked ? { ...review, personSpokeAt: event.at } : review;
  const history = asked ? { ...spoken, personSpokeAt: Number.POSITIVE_INFINITY } : spoken;
  const verdict = judgeProgress(history, pending, reading.policy.review);
  const heard = { ...seen, review: spoken };
  switch (verdict.kind) {
    case "stop":
      return stopRounds(heard, pending, verdict);
    case "nothing_new":
      return answerRepeats(heard, reading, verdict.repeats);
    case "go_on":
      return startRound(heard, { reading, pending: verdict.items, asked });
  }
}

/** Who makes our pull request a draft wants quiet; who makes it ready wants it looked after, if nobody else paused it. */
export function followDraft(task: Task, event: Event & { type: "draft_changed" }): Decision {
  if (!isOpen(task, event.number)) return ignored("not the open pull request of this task");
  const { pausedBy } = task.review;
  if (event.draft)
    return pausedBy === undefined ? pause(task, `${event.actor.login} (draft)`) : ignored("it is paused already");
  if (!pausedBy?.endsWith(" (draft)")) return ignored("it was not paused by a draft");
  const review = { ...task.review, pausedBy: undefined };
  return decided(task, { review }, [{ type: "refresh_status" }, readFeedback(event.number)]);
}

/** Feedback waits and nobody can take it up: whoever asked, or else the requester, is told once a day. */
export function tellUnread(task: Task, event: Event & { type: "feedback_unread" }): Decision {
  if (!isOpen(task, event.number)) return ignored("not the open pull request of this task");
  const { asked, refusal, at, number } = event;
  const key = asked ? `unread:${asked.at}` : `unread:${refusal.kind}:day-${Math.floor(at / 86_400_000)}`;
  const message = { kind: "refusal", to: asked?.by ?? person(task), refusal } as const;
  return decided(task, {}, [{ type: "say", message, key, on: asked?.thread ?? number }]);
}

/** GitHub refused to let us resolve a thread; said once, for it will be refused again. */
export function tellResolutionRefused(task: Task, event: Event & { type: "resolution_refused" }): Decision {
  const message = { kind: "resolution_refused", to: person(task), reason: event.reason } as const;
  return decided(task, {}, [{ type: "say", message, key: `resolution-refused:${task.generation}` }]);
}

function isOpen({ pullRequest }: Task, number: number): boolean {
  return pullRequest.kind === "open" && pullRequest.number === number;
}

/** What a reading without a round leaves: the ledger, and what people see of it where that has changed. */
function saved(seen: Task, effects: readonly Effect[]): Decision {
  return decided(seen, {}, effects);
}

function shown({ headSha }: Reading): readonly Effect[] {
  return [{ type: "report_review", headSha }, { type: "refresh_status" }];
}

function isNews(before: Task, after: Task): boolean {
  const facts = ({ review, pullRequest }: Task) => JSON.stringify([review.ledger, review.pending, pullRequest]);
  return facts(before) !== facts(after);
}

function nothingPending(seen: Task, asked: Asked, news: readonly Effect[]): Decision {
  const refusal = { kind: "nothing_pending" } as const;
  const message = { kind: "refusal", to: asked.by, refusal } as const;
  return decided(seen, {}, [...news, { type: "say", message, key: `nothing-pending:${asked.at}`, on: asked.thread }]);
}

/** Whoever asks during a round is told so: under some policies nothing would follow it by itself. */
function notNow(seen: Task, asked: Asked, news: readonly Effect[]): Decision {
  const message = { kind: "refusal", to: asked.by, refusal: { kind: "already_running" } } as const;
  return decided(seen, {}, [...news, { type: "say", message, key: `not-now:${asked.at}`, on: asked.thread }]);
}

/** Whether the policy lets this start a round without anybody asking for it. */
function startsByItself(task: Task, { policy, changesRequested }: Reading, pending: readonly FeedbackItem[]): boolean {
  if (task.review.pausedBy !== undefined) return false;
  // Whatever brought the work to a halt, only a person's newer word sets it going again, in a bot's thread as well.
  const isNew = (item: FeedbackItem) => startedBy([item]) === "person" && !task.review.stuckOn.includes(keyOf(item));
  if (task.halt.kind !== "none" && !pending.some(isNew)) return false;
  switch (policy.review.trigger) {
    case "any":
      return true;
    case "changes_requested":
      return pending.some(({ id }) => changesRequested.includes(id));
    case "command":
      return false;
  }
}

function stopRounds(task: Task, pending: readonly FeedbackItem[], stop: Stop): Decision {
  const to = person(task);
  const halt = { kind: "blocked", cause: "circling", detail: stop.reason } as const;
  const review = { ...task.review, stuckOn: pending.map(keyOf) };
  const { reason, path, positions } = stop;
  const message = { kind: "circling", to, reason, path, positions } as const;
  if (task.pullRequest.kind !== "open") return ignored("its pull request is not open");
  const { number, headSha } = task.pullRequest;
  return decided(task, { halt, review }, [
    { type: "say", message, key: `circling:${task.version}`, on: number },
    { type: "report_review", headSha },
    { type: "refresh_status" },
  ]);
}

/** What a bot says again has its answer already: it is pointed to, and no agent is bothered. */
function answerRepeats(task: Task, reading: Reading, repeats: readonly Repeat[]): Decision {
  const items = repeats.map(({ item }) => item);
  const answers = Object.fromEntries(
    repeats.map(({ item, of }): [string, Answer] => [item.id, { kind: "duplicate", of, note: "" }]),
  );
  const run = `repeat-${task.version + 1}`;
  const ledger = recordAnswers(task.review.ledger, { items, answers, run, round: task.review.begun });
  const replies = repeats.flatMap(({ item, why }): readonly Effect[] => {
    const row = ledger.find((each) => each.item === item.id);
    // An answer to our own words would be given back as well.
    if (why === "our_own_words" || !item.thread || !row) return [];
    const { nodeId, firstCommentId } = item.thread;
    return [{ type: "reply_in_thread", number: reading.number, row, thread: { nodeId, firstCommentId } }];
  });
  const review = { ...task.review, ledger, pending: [] };
  return decided(task, { review }, [...replies, ...shown(reading)]);
}

/** Rows of the ledger that a round is told of. */
const mostEarlier = 100;

interface Start {
  readonly reading: Reading;
  readonly pending: readonly FeedbackItem[];
  readonly asked: Asked | undefined;
}

function startRound(task: Task, { reading, pending, asked }: Start): Decision {
  const { policy, snapshot, number, headSha } = reading;
  const run = `${task.id}-${task.version + 1}`;
  const order: RunOrder = {
    purpose: "address_feedback",
    pullRequest: number,
    round: task.review.begun + 1,
    items: [...pending, ...contextFor(task, reading)],
    earlier: task.review.ledger.toSorted((a, b) => a.round - b.round).slice(-mostEarlier),
    profile: task.profile ?? policy.profile,
    policy,
    snapshot,
    branch: task.branch ?? "",
    parent: headSha,
    requestedBy: asked?.by ?? person(task),
  };
  const review = { ...task.review, begun: task.review.begun + 1, stuckOn: pending.map(keyOf) };
  const changes: Partial<Task> = {
    work: { kind: "queued", run },
    halt: { kind: "none" },
    snapshotHash: snapshot.hash,
    review,
  };
  return decided(task, changes, [{ type: "queue_run", run, order }, ...shown(reading)]);
}

/** What rides along: said since the last round, which has seen the rest. */
function contextFor({ review }: Task, { items }: Reading): readonly FeedbackItem[] {
  const since = review.rounds.at(-1)?.endedAt ?? 0;
  return items.filter(({ owed, entries }) => owed === "context" && entries.some(({ at }) => at > since));
}

/** An item as it stood. */
function keyOf({ id, version }: FeedbackItem): string {
  return `${id}@${version}`;
}

function pointOf({ id, surface, by, entries }: FeedbackItem): PendingPoint {
  const line = (entries.at(-1)?.body ?? "").split("\n").find((text) => text.trim() !== "") ?? "";
  return { item: id, surface, by: by.login, excerpt: [...line.trim()].slice(0, 120).join("") };
}
