import type { Policy } from "../orchestrator/domain/policy.ts";
import type { Actor, Refusal, Trigger } from "../orchestrator/domain/trigger.ts";
import type { EditFacts, IssueFacts } from "./issue-facts.ts";

/** What GitHub says about an account right now. */
export interface Permission {
  /** The role as people know it; a custom role shows the base it builds on. */
  readonly permission: string;
  /** Write, maintain or admin. Triage may label and comment but not start anything (security.md T06). */
  readonly mayPush: boolean;
}

/** A repository's rules, or why there are none to go by. */
export type PolicyAnswer =
  | { readonly kind: "ok"; readonly policy: Policy }
  | { readonly kind: "bad_config"; readonly file: string; readonly problems: readonly string[] }
  | { readonly kind: "unsupported"; readonly reason: string };

/** A stranger's edit this short before the trigger may have slipped past whoever labelled (security.md T07). */
const strangerWindowMs = 120_000;
const defaultLabel = "agent";

/** What a label means here: nothing, the default profile, or the profile named after the colon. */
export function readLabel(label: string, answer: PolicyAnswer): "not_ours" | { readonly profile: string | undefined } {
  const ours = answer.kind === "ok" ? answer.policy.label : defaultLabel;
  if (label.toLowerCase() === ours.toLowerCase()) return { profile: undefined };
  const start = `${ours}:`.toLowerCase();
  return label.toLowerCase().startsWith(start) ? { profile: label.slice(start.length).trim() } : "not_ours";
}

/** Bots never command (security.md T09), and only people who may push now do. */
export function refuseActor(actor: Actor, permission: Permission): Refusal | undefined {
  if (actor.type === "Bot") return { kind: "bot" };
  return permission.mayPush ? undefined : { kind: "permission", has: permission.permission };
}

/** A policy that cannot be used starts nothing. */
export function refusePolicy(answer: Exclude<PolicyAnswer, { kind: "ok" }>): Refusal {
  return answer.kind === "bad_config" ? answer : { kind: "unsupported_repository", reason: answer.reason };
}

/** Runs start on open issues only. */
export function refuseIssue(facts: IssueFacts, trigger: Trigger): Refusal | undefined {
  if (facts.isPullRequest) {
    return trigger.source.kind === "label"
      ? { kind: "label_on_pull_request" }
      : { kind: "command_not_here", where: "issue" };
  }
  return facts.state === "closed" ? { kind: "issue_closed" } : undefined;
}

/**
 * The moment of the trigger. A label's payload tells when the issue last changed; where the timeline knows an earlier
 * time for the same act of the same person, that one counts.
 */
export function cutoffOf(trigger: Trigger, facts: IssueFacts): number {
  const { source, actor, at } = trigger;
  if (source.kind !== "label") return at;
  const acts = facts.labelings
    .filter((act) => act.label === source.label && act.actor?.id === actor.id && act.at <= at)
    .map((act) => act.at);
  return acts.length === 0 ? at : Math.max(...acts);
}

/** True when the label that asks is no longer on the issue: somebody took it back. */
export function isTakenBack(facts: IssueFacts, { source }: Trigger): boolean {
  if (source.kind !== "label") return false;
  const asking = source.label.toLowerCase();
  return !facts.labels.some((label) => label.toLowerCase() === asking);
}

/**
 * Edits of title and body in the two minutes before the trigger, which need a writer's hand. Edits nobody read count as
 * an unknown's.
 */
export function editsToCheck(facts: IssueFacts, trigger: Trigger, cutoff: number): readonly EditFacts[] {
  const { bodyEdits, renames, editsUnreadUntil } = facts;
  const moment = { cutoff, payloadAt: trigger.issue.asOf ?? trigger.at };
  return [
    ...editsSeen(bodyEdits, { ...moment, isLastSeen: facts.body === trigger.issue.body }),
    ...editsSeen(renames, { ...moment, isLastSeen: facts.title === trigger.issue.title }),
    ...(editsUnreadUntil === undefined ? [] : [{ at: editsUnreadUntil, actor: undefined }]),
  ].filter((edit) => edit.at > cutoff - strangerWindowMs);
}

/**
 * Edits the signed payload, or the text we read in its place, may contain. GitHub's clock has whole seconds, and a payload is written a moment after the
 * act it tells of, so that an edit at or after the trigger may be in it. Whether the last edit is, the text tells; of
 * earlier ones that a later edit covered, only their time, which cannot be after the payload's own.
 */
function editsSeen(
  edits: readonly EditFacts[],
  {
    cutoff,
    payloadAt,
    isLastSeen,
  }: { readonly cutoff: number; readonly payloadAt: number; readonly isLastSeen: boolean },
): readonly EditFacts[] {
  const last = edits.at(-1);
  return edits.filter((edit) => edit.at < cutoff || (edit === last ? isLastSeen : edit.at <= payloadAt));
}

/** Asks to look again when the first of these edits was made by somebody without push permission. */
export function refuseEdits(
  edits: readonly EditFacts[],
  cutoff: number,
  writers: ReadonlySet<number>,
): Refusal | undefined {
  const stranger = edits.find(({ actor }) => actor === undefined || !writers.has(actor.id));
  if (!stranger) return undefined;
  const seconds = Math.max(0, Math.round((cutoff - stranger.at) / 1000));
  return { kind: "edited_by_stranger", login: stranger.actor?.login ?? "ghost", seconds };
}
