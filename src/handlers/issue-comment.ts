import type { z } from "zod";
import type { Event } from "../orchestrator/domain/event.ts";
import type { Actor, Refusal, Trigger, Wish } from "../orchestrator/domain/trigger.ts";
import { type ParsedComment, parseComment } from "./command.ts";
import type { Fact, Family, FamilyContext, Ourselves } from "./facts.ts";
import { issueComment, issueCommentEdited, placeOf, readPayload } from "./payloads.ts";

type Payload = z.infer<typeof issueComment>;

/** A new comment: a command, a slip that gets an answer, or nothing to us. */
export const commentCreated: Family = async (payload, context) => {
  const read = readPayload(issueComment, payload);
  const { sender } = read;
  if (!sender || isOurs(read, sender, context.ourselves)) return undefined;
  const parsed = parseComment(read.comment.body);
  if (parsed.kind === "none") return feedback(read, "created", context);
  if (sender.type === "Bot") return botComment(read, sender, parsed);
  if (parsed.kind === "refused") return refusal({ read, sender, refusal: parsed.refusal });
  if (read.issue.pull_request) return commandOnPullRequest(read, sender, { parsed, context });
  return parsed.where === "pull request"
    ? refusal({ read, sender, refusal: { kind: "command_not_here", where: "pull request" } })
    : factOf(read, "created", received(triggerOf(read, sender, parsed)));
};

/**
 * An edited comment never runs anything (product.md §1). When the edit put a command in, or another one, its writer is
 * told so.
 */
export const commentEdited: Family = async (payload, context) => {
  const read = readPayload(issueCommentEdited, payload);
  const { sender } = read;
  if (!sender || sender.type === "Bot" || isOurs(read, sender, context.ourselves)) return undefined;
  const now = parseComment(read.comment.body);
  const before = parseComment(read.changes.body?.from ?? read.comment.body);
  if (now.kind !== "command") return feedback(read, "edited", context);
  if (before.kind === "command" && JSON.stringify(before.wish) === JSON.stringify(now.wish)) return undefined;
  const trigger = { ...triggerOf(read, sender, now), at: read.comment.updated_at };
  return factOf(read, "edited", refused(trigger, { kind: "edited_command" }));
};

/** What is said below a pull request of ours may be feedback; which of it is, a reading tells. */
async function feedback(
  read: Payload,
  action: "created" | "edited",
  context: FamilyContext,
): Promise<Fact | undefined> {
  if (!read.issue.pull_request) return undefined;
  const task = await context.taskOfPullRequest(read.repository.id, read.issue.number);
  if (!task) return undefined;
  const { updated_at: at } = read.comment;
  return { ...factOf(read, action, { type: "feedback_noticed", at, number: read.issue.number }), ...task };
}

/** A bot's commands are refused; its other slips are not even answered, or two bots would talk for ever. */
function botComment(read: Payload, sender: Actor, parsed: ParsedComment): Fact | undefined {
  if (parsed.kind !== "command") return undefined;
  return factOf(read, "created", refused(triggerOf(read, sender, parsed), { kind: "bot" }));
}

/** On a pull request of ours, commands concern its issue. Elsewhere, and for `run`, the answer says where they work. */
async function commandOnPullRequest(
  read: Payload,
  sender: Actor,
  { parsed, context }: { readonly parsed: ParsedComment & { kind: "command" }; readonly context: FamilyContext },
): Promise<Fact> {
  const notHere = () => refusal({ read, sender, refusal: { kind: "command_not_here", where: "issue" } });
  if (parsed.where === "issue") return notHere();
  const task = await context.taskOfPullRequest(read.repository.id, read.issue.number);
  if (!task) return notHere();
  return { ...factOf(read, "created", received(triggerOf(read, sender, parsed))), ...task };
}

function refusal(order: { readonly read: Payload; readonly sender: Actor; readonly refusal: Refusal }): Fact {
  const { read, sender } = order;
  // A text that is no command carries no wish; asking for help comes nearest, and the answer gives it.
  const wish: Wish = { verb: "help" };
  return factOf(read, "created", refused(triggerOf(read, sender, { wish, guidance: "" }), order.refusal));
}

function triggerOf(
  { comment, issue }: Payload,
  actor: Actor,
  { wish, guidance }: { readonly wish: Wish; readonly guidance: string },
): Trigger {
  return {
    wish,
    source: { kind: "comment", commentId: comment.id, thread: issue.number },
    actor,
    at: comment.created_at,
    guidance,
    issue: { title: issue.title, body: issue.body },
  };
}

function received(trigger: Trigger): Event {
  return { type: "trigger_received", at: trigger.at, trigger };
}

function refused(trigger: Trigger, why: Refusal): Event {
  return { type: "trigger_refused", at: trigger.at, trigger, refusal: why };
}

function factOf(read: Payload, action: "created" | "edited", event: Event): Fact {
  return {
    ...placeOf(read),
    issue: read.issue.number,
    title: read.issue.title,
    semanticKey: `${read.repository.id}/comment/${read.comment.id}/${action}/${read.comment.updated_at}`,
    event,
  };
}

function isOurs({ comment }: Payload, sender: Actor, { appId, botUserId }: Ourselves): boolean {
  return sender.id === botUserId || comment.performed_via_github_app?.id === appId;
}
