import type { z } from "zod";
import type { Event } from "../orchestrator/domain/event.ts";
import type { Actor, Trigger, TriggerSource, Wish } from "../orchestrator/domain/trigger.ts";
import { type ParsedComment, parseComment } from "./command.ts";
import type { Fact, Family, FamilyContext } from "./facts.ts";
import { placeOf, pullRequestEvent, readPayload, reviewComment, reviewSubmitted } from "./payloads.ts";

type Payload = z.infer<typeof pullRequestEvent>;

/** A review came in. Its first line may be a command; all else is read from GitHub when it has become quiet. */
export const reviewWasSubmitted: Family = async (payload, context) => {
  const read = readPayload(reviewSubmitted, payload);
  const { review } = read;
  const source: TriggerSource = { kind: "review", reviewId: review.id, thread: read.pull_request.number };
  const said = {
    body: review.body,
    at: review.submitted_at ?? read.pull_request.updated_at,
    source,
    replyTo: undefined,
  };
  const key = `review/${review.id}/submitted`;
  return (await command(read, context, { ...said, key })) ?? noticed(read, context, { at: said.at, key });
};

/** The same for a comment on a line. */
export const reviewCommentWritten: Family = async (payload, context) => {
  const read = readPayload(reviewComment, payload);
  const { comment } = read;
  const source: TriggerSource = { kind: "review_comment", commentId: comment.id, thread: read.pull_request.number };
  const said = { body: comment.body, at: comment.created_at, source, replyTo: comment.in_reply_to_id ?? undefined };
  const key = `review-comment/${comment.id}/created`;
  return (await command(read, context, { ...said, key })) ?? noticed(read, context, { at: said.at, key });
};

/** Somebody edited, dismissed, resolved or reopened something: a reason to look again, nothing more. */
export const reviewChanged: Family = async (payload, context) => {
  const read = readPayload(pullRequestEvent, payload);
  const { updated_at: at } = read.pull_request;
  return noticed(read, context, { at, key: `pull/${read.pull_request.id}/${read.action}/${changedIn(read)}/${at}` });
};

/** Which of a pull request's things it was: two threads may be resolved within one second. */
function changedIn({ review, comment, thread }: Payload): string | number {
  return thread?.node_id ?? comment?.id ?? review?.id ?? "itself";
}

/** A person who makes our pull request a draft wants quiet; one who makes it ready again wants it looked after. */
export const draftChanged: Family = async (payload, context) => {
  const read = readPayload(pullRequestEvent, payload);
  const { pull_request: pull, sender } = read;
  if (sender?.type !== "User") return undefined;
  const draft = read.action === "converted_to_draft";
  const event: Event = { type: "draft_changed", at: pull.updated_at, number: pull.number, draft, actor: sender };
  return aboutOurs(read, context, { key: `pull/${pull.id}/${read.action}/${pull.updated_at}`, event });
};

interface Said {
  readonly body: string;
  readonly at: number;
  readonly source: TriggerSource;
  /** Id of the comment its thread began with, for an answer in a thread. */
  readonly replyTo: number | undefined;
  readonly key: string;
}

/** Commands of people only; slips of bots are feedback like any other text of theirs. */
async function command(read: Payload, context: FamilyContext, said: Said): Promise<Fact | undefined> {
  const { sender } = read;
  if (sender?.type !== "User") return undefined;
  const parsed = parseComment(said.body, { replyTo: said.replyTo });
  if (parsed.kind === "none") return undefined;
  return aboutOurs(read, context, { key: said.key, event: eventOf(read, sender, { parsed, said }) });
}

function eventOf(
  read: Payload,
  actor: Actor,
  { parsed, said }: { readonly parsed: Exclude<ParsedComment, { kind: "none" }>; readonly said: Said },
): Event {
  const { pull_request: pull } = read;
  const issue = { title: pull.title, body: pull.body };
  const wish: Wish = parsed.kind === "command" ? parsed.wish : { verb: "help" };
  const guidance = parsed.kind === "command" ? parsed.guidance : "";
  const trigger: Trigger = { wish, source: said.source, actor, at: said.at, guidance, issue };
  if (parsed.kind === "refused") return { type: "trigger_refused", at: said.at, trigger, refusal: parsed.refusal };
  if (parsed.where === "issue")
    return { type: "trigger_refused", at: said.at, trigger, refusal: { kind: "command_not_here", where: "issue" } };
  return { type: "trigger_received", at: said.at, trigger };
}

function noticed(
  read: Payload,
  context: FamilyContext,
  { at, key }: { readonly at: number; readonly key: string },
): Promise<Fact | undefined> {
  return aboutOurs(read, context, { key, event: { type: "feedback_noticed", at, number: read.pull_request.number } });
}

/** Of our own doing nothing is news (security.md T36); and only pull requests we opened are our business (T10). */
async function aboutOurs(
  read: Payload,
  { ourselves, taskOfPullRequest }: FamilyContext,
  { key, event }: { readonly key: string; readonly event: Event },
): Promise<Fact | undefined> {
  if (!read.sender || read.sender.id === ourselves.botUserId) return undefined;
  const task = await taskOfPullRequest(read.repository.id, read.pull_request.number);
  if (!task) return undefined;
  return { ...placeOf(read), ...task, semanticKey: `${read.repository.id}/${key}`, event };
}
