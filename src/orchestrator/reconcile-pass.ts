import { isFailure } from "./effects/failure.ts";
import type { Incoming, Orchestrator } from "./orchestrator.ts";
import type { Clock, Place } from "./ports.ts";
import type { WatchedGitHub, WebhookWords } from "./reconcile-ports.ts";
import type { StoreLog } from "./store/log.ts";
import type { Store } from "./store/open-store.ts";

/** What the reconciler works with. */
export interface ReconcileParts {
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly github: WatchedGitHub;
  readonly words: WebhookWords;
  readonly self: { readonly botUserId: number };
  readonly clock: Clock;
  readonly log: StoreLog;
}

/** What one pass came to. */
export interface ReconcileReport {
  readonly repositories: number;
  readonly liveTasks: number;
  /** Webhooks that GitHub was asked to send again. */
  readonly redelivered: number;
  /** Facts that no webhook had told of. */
  readonly recovered: number;
  /** Steps that failed; the next pass tries them again. */
  readonly troubled: number;
}

/** One pass over everything: what it found so far and where GitHub wants to be left alone. */
export interface Pass extends ReconcileParts {
  /** Aborts when the process drains: the pass ends after the step it is in. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly counts: { -readonly [name in keyof ReconcileReport]: number };
  /** Installations (0: the app itself) that are not asked any more in this pass. */
  readonly paused: Set<number>;
}

/** Nothing older than this is started, and GitHub remembers deliveries for as long. */
export const longestMemoryMs = 3 * 86_400_000;
/** Looks overlap by this much: clocks differ, and lists lag behind what happened. */
export const overlapMs = 10 * 60_000;

export function beginPass(parts: ReconcileParts, signal: AbortSignal): Pass {
  const counts = { repositories: 0, liveTasks: 0, redelivered: 0, recovered: 0, troubled: 0 };
  return { ...parts, signal, startedAt: parts.clock(), counts, paused: new Set() };
}

/** Where a step asks, and what it is about for the log. */
export interface Step {
  /** Of an installation, or 0 for the app itself. */
  readonly installationId: number;
  readonly about: object;
}

/**
 * Carries out a step unless its installation is paused. Trouble ends the step, never the pass; a rate limit ends all
 * steps of its installation.
 *
 * @returns whether the step was carried out to its end
 */
export async function attempt(pass: Pass, step: Step, work: () => Promise<void>): Promise<boolean> {
  if (pass.signal.aborted || pass.paused.has(step.installationId)) return false;
  try {
    await work();
    return true;
  } catch (cause) {
    pass.counts.troubled += 1;
    const fields = { ...step.about, err: cause };
    if (!isFailure(cause)) {
      pass.log.error(fields, "reconciling failed; the next pass tries again");
      return false;
    }
    if (cause.code === "rate_limited") pass.paused.add(step.installationId);
    pass.log.warn(fields, "GitHub could not be asked; the next pass tries again");
    return false;
  }
}

/** Takes in a fact that no webhook told of. One that was known after all changes nothing. */
export async function recover(pass: Pass, incoming: Incoming): Promise<void> {
  const received = await pass.orchestrator.receive(incoming);
  if (received.kind !== "decided") return;
  pass.counts.recovered += 1;
  const { repository, issue, event } = incoming;
  pass.log.info({ repository: repository.id, issue, fact: event.type, at: event.at }, "recovered");
}

/** A repository's place for the log. */
export function aboutPlace({ repository, installationId }: Place): object {
  return { repository: repository.id, installation: installationId };
}
