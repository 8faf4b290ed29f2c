import type { Event } from "../domain/event.ts";
import type { OutboxEffect } from "./execute.ts";
import { InDoubt, isFailure, Refused } from "./failure.ts";

/** What to do about an effect that did not succeed. */
export type Verdict =
  /** Try again, not before `nextAt` (milliseconds since the epoch). A pause that GitHub asked for costs no try. */
  | { readonly kind: "later"; readonly nextAt: number; readonly reason: string; readonly counts: "try" | "pause" }
  /** Never; `event` is the fact that the task must learn, if there is one. */
  | { readonly kind: "never"; readonly reason: string; readonly event: Event | undefined };

export interface FailedTry {
  readonly effect: OutboxEffect;
  /** Tries so far, this one included. */
  readonly attempts: number;
  /** The reason of the try before, when there was one. */
  readonly previous?: string | undefined;
  readonly now: number;
  readonly cause: unknown;
}

/** Tries before an effect whose outcome stays in doubt is given up; with the back-off below about an hour. */
const mostTries = 20;

/** The table of github.md §4, as a function: which failures pass by themselves, and when to look again. */
export function afterFailure(failed: FailedTry): Verdict {
  const { cause, attempts, now } = failed;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const later = (ms: number): Verdict => ({ kind: "later", nextAt: now + ms, reason, counts: "try" });
  if (cause instanceof Refused) return never(failed, reason);
  if (isFailure(cause)) {
    switch (cause.code) {
      case "rate_limited":
        return { kind: "later", nextAt: pausedUntil(cause.retryAt, now), reason, counts: "pause" };
      case "not_found":
      case "conflict":
      case "unauthorised":
        return mayPass(failed, reason) ? later(1000 * 2 ** Math.min(attempts, 3)) : never(failed, reason);
      case "invalid":
        return needsFresh(failed.effect) && mayPass(failed, reason)
          ? later(1000 * 2 ** Math.min(attempts, 3))
          : never(failed, reason);
      case "forbidden":
      case "locked":
      case "gone":
      case "exists":
        return never(failed, reason);
      case "doubt":
        return attempts < mostTries ? later(backOff(attempts)) : never(failed, reason);
    }
  }
  if (cause instanceof InDoubt) return attempts < mostTries ? later(backOff(attempts)) : never(failed, reason);
  // A defect of ours: it may pass (a database blip), and a person must hear of it when it does not.
  return attempts < 5
    ? later(backOff(attempts))
    : never(failed, "Something went wrong inside the app; the operator's log has the cause.");
}

function pausedUntil(retryAt: number | undefined, now: number): number {
  return Math.max(now + 1000, retryAt ?? now + 60_000);
}

/** Three more chances; and another one for what is not said for the second time, after other trouble. */
function mayPass({ attempts, previous }: FailedTry, reason: string): boolean {
  return attempts <= 3 || (attempts < mostTries && previous !== undefined && previous !== reason);
}

/** A branch or commit that GitHub's API has not seen yet makes these "invalid": a push takes a moment to be known. */
function needsFresh(effect: OutboxEffect): boolean {
  return effect.type === "open_pull_request" || effect.type === "complete_check";
}

/** 1 s, 2 s, 4 s … up to five minutes. */
function backOff(attempts: number): number {
  return Math.min(300_000, 1000 * 2 ** Math.max(0, attempts - 1));
}

function never({ effect, now }: FailedTry, reason: string): Verdict {
  return { kind: "never", reason, event: eventAfter(effect, now, reason) };
}

/** Giving up on these must end the task's work in something people see. */
function eventAfter(effect: OutboxEffect, at: number, reason: string): Event | undefined {
  switch (effect.type) {
    case "authorise":
      return {
        type: "trigger_refused",
        at,
        trigger: effect.trigger,
        refusal: { kind: "unsupported_repository", reason: `the request could not be checked: ${reason}` },
      };
    case "push_branch":
    case "open_pull_request":
      return { type: "publish_refused", at, run: effect.run, reason };
    case "react":
    case "refresh_status":
    case "say":
    case "complete_check":
    case "request_review":
    case "read_feedback":
    case "reply_in_thread":
    case "report_review":
      return undefined;
    case "resolve_thread":
      return { type: "resolution_refused", at, reason };
  }
}
