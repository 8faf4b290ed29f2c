import type { Event } from "../orchestrator/domain/event.ts";
import type { Repository } from "../orchestrator/domain/task.ts";
import type { Actor, Refusal, Trigger } from "../orchestrator/domain/trigger.ts";
import {
  cutoffOf,
  editsToCheck,
  isTakenBack,
  type Permission,
  type PolicyAnswer,
  readLabel,
  refuseActor,
  refuseEdits,
  refuseIssue,
  refusePolicy,
} from "./authorize.ts";
import type { Ourselves } from "./facts.ts";
import type { IssueFacts } from "./issue-facts.ts";
import { authorsToCheck, buildSnapshot, type SnapshotSources } from "./snapshot.ts";

/** Where the trigger was given. */
export interface TriggerPlace {
  readonly repository: Repository;
  readonly installationId: number;
  readonly issue: number;
}

/** What an authorisation needs to know of the world. Trouble with GitHub is thrown: the caller waits and asks again. */
export interface AuthoriserPorts {
  permissionOf(at: TriggerPlace, account: Pick<Actor, "id" | "login">): Promise<Permission>;
  readPolicy(at: TriggerPlace): Promise<PolicyAnswer>;
  readIssue(at: TriggerPlace, issue: number): Promise<IssueFacts>;
  /** Names of the operator's profiles. */
  readonly profiles: readonly string[];
  readonly ourselves: Ourselves;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Authorisation {
  readonly ports: AuthoriserPorts;
  readonly at: TriggerPlace;
  readonly trigger: Trigger;
}

/** What became of a trigger, before it gets its time. */
type Verdict =
  | Omit<Event & { type: "trigger_authorised" }, "at" | "trigger">
  | Omit<Event & { type: "trigger_refused" }, "at" | "trigger">
  | Omit<Event & { type: "trigger_dismissed" }, "at" | "trigger">;

/**
 * Finds out whether a trigger may do what it asks for (security.md T06, T07). Permission, policy and issue are read
 * live; every outcome is an event; errors of the ports pass through, so that an API failure means waiting and never
 * running.
 */
export function createAuthoriser(ports: AuthoriserPorts) {
  return {
    async authorise(at: TriggerPlace, trigger: Trigger): Promise<Event> {
      const verdict = await judge({ ports, at, trigger });
      return { ...verdict, at: ports.now(), trigger };
    },
  };
}

async function judge(order: Authorisation): Promise<Verdict> {
  const { ports, at, trigger } = order;
  if (trigger.source.kind === "label") {
    const answer = await ports.readPolicy(at);
    const label = readLabel(trigger.source.label, answer);
    return label === "not_ours" ? { type: "trigger_dismissed" } : judgeRun(order, { answer, profile: label.profile });
  }
  if (trigger.wish.verb === "run") return judgeRun(order, { answer: undefined, profile: trigger.wish.profile });
  const permission = await ports.permissionOf(at, trigger.actor);
  const refusal = refuseActor(trigger.actor, permission);
  if (refusal) return refused(refusal);
  return { type: "trigger_authorised", grant: { verb: trigger.wish.verb, permission: permission.permission } };
}

/** The person first, then the rules, then the issue: a stranger learns nothing about either, and costs little. */
async function judgeRun(
  order: Authorisation,
  asked: { readonly answer: PolicyAnswer | undefined; readonly profile: string | undefined },
): Promise<Verdict> {
  const { ports, at, trigger } = order;
  const permission = await ports.permissionOf(at, trigger.actor);
  const unfit = refuseActor(trigger.actor, permission);
  if (unfit) return refused(unfit);
  const answer = asked.answer ?? (await ports.readPolicy(at));
  if (answer.kind !== "ok") return refused(refusePolicy(answer));
  const { policy } = answer;
  const profile = asked.profile ?? policy.profile;
  if (!ports.profiles.includes(profile)) {
    return refused({ kind: "unknown_profile", profile, known: ports.profiles });
  }
  const facts = await ports.readIssue(at, at.issue);
  if (isTakenBack(facts, trigger)) return { type: "trigger_dismissed" };
  const wrongIssue = refuseIssue(facts, trigger);
  if (wrongIssue) return refused(wrongIssue);
  const cutoff = cutoffOf(trigger, facts);
  const sources = { facts, trigger, cutoff, ourselves: ports.ourselves };
  const writers = await writersAmong(order, sources);
  const edited = refuseEdits(editsToCheck(facts, trigger, cutoff), cutoff, writers);
  if (edited) return refused(edited);
  const snapshot = buildSnapshot({ ...sources, writers });
  const grant = { verb: "run" as const, permission: permission.permission, profile, policy, snapshot };
  return { type: "trigger_authorised", grant };
}

/** Asks once about each account whose word or edit matters. */
async function writersAmong(
  { ports, at, trigger }: Authorisation,
  sources: Omit<SnapshotSources, "writers">,
): Promise<ReadonlySet<number>> {
  const editors = editsToCheck(sources.facts, trigger, sources.cutoff).flatMap(({ actor }) => actor ?? []);
  const accounts = new Map([...authorsToCheck(sources), ...editors].map((account) => [account.id, account]));
  accounts.delete(trigger.actor.id);
  const writers = new Set([trigger.actor.id]);
  for (const account of accounts.values()) {
    if ((await ports.permissionOf(at, account)).mayPush) writers.add(account.id);
  }
  return writers;
}

function refused(refusal: Refusal): Verdict {
  return { type: "trigger_refused", refusal };
}
