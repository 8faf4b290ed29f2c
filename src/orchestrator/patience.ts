import { setTimeout as pause } from "node:timers/promises";
import { isFailure } from "./effects/failure.ts";
import type { Clock } from "./ports.ts";

export interface Patience {
  readonly clock: Clock;
  /** Ends the waiting, with the failure that was waited for to pass. */
  readonly signal: AbortSignal;
}

/** Silence and server errors in a row before GitHub counts as away; with the back-off below a minute. */
const mostTries = 6;
const stepMs = 500;

/**
 * Asks GitHub for something a run cannot start without, until it answers. A run is not worth failing because GitHub asks
 * for a pause or has a bad minute; whoever is told to wait keeps its place.
 *
 * @throws GitHubFailure that waiting does not mend
 */
export async function patiently<T>(ask: () => Promise<T>, { clock, signal }: Patience): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (cause) {
      const until = worthWaitingUntil(cause, { tries, now: clock() });
      if (until === undefined) throw cause;
      if (isPause(cause)) tries -= 1;
      await waitUntil(until, { clock, signal });
      if (signal.aborted) throw cause;
    }
  }
}

/** The same for a remote that git talks to, whose bad minute is a value: asked again until it is there. */
export async function untilAvailable<T extends { readonly kind: string }>(
  ask: () => Promise<T>,
  patience: Patience,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.kind !== "unavailable" || tries === mostTries) return answer;
    await waitUntil(patience.clock() + backOff(tries), patience);
    if (patience.signal.aborted) return answer;
  }
}

/** In short steps: a machine that slept, or a clock that was set, must not make a minute an hour. */
async function waitUntil(until: number, { clock, signal }: Patience): Promise<void> {
  while (clock() < until && !signal.aborted) await pause(stepMs, undefined, { signal }).catch(() => {});
}

function backOff(tries: number): number {
  return 1000 * 2 ** tries;
}

/** Milliseconds since the epoch; undefined when waiting does not help. */
function worthWaitingUntil(
  cause: unknown,
  { tries, now }: { readonly tries: number; readonly now: number },
): number | undefined {
  if (!isFailure(cause)) return undefined;
  if (cause.code === "rate_limited") return Math.max(now + stepMs, cause.retryAt ?? now + 60_000);
  return cause.code === "doubt" && tries < mostTries ? now + backOff(tries) : undefined;
}

function isPause(cause: unknown): boolean {
  return isFailure(cause) && cause.code === "rate_limited";
}
