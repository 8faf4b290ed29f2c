import PQueue from "p-queue";
import { GitHubFailure } from "./errors.ts";
import type { Clock } from "./types.ts";

/** Writes that may follow each other without a gap after a quiet time. */
const burst = 10;
/** Pace after the burst. GitHub asks for a second between writes (github.md §2). */
const msPerWrite = 1000;

export interface Pacing {
  /** Runs a write when it is its turn: one at a time per installation, at GitHub's pace. */
  write<T>(installationId: number, work: () => Promise<T>): Promise<T>;
  /** Throws `rate_limited` while GitHub has told this installation to wait. */
  refuseWhilePaused(installationId: number): void;
  /** No call of this installation before this time (ms since the epoch). A longer pause is never shortened. */
  pause(installationId: number, until: number): void;
}

/**
 * Keeps us below GitHub's secondary limits (security.md T38). A pause does not hold callers back, it fails them with the
 * time to come again: waiting belongs to the outbox, which survives a restart.
 */
export function createPacing(clock: Clock): Pacing {
  const lanes = new Map<number, Lane>();
  const pausedUntil = new Map<number, number>();

  function refuseWhilePaused(installationId: number): void {
    const retryAt = pausedUntil.get(installationId) ?? 0;
    if (clock.now() >= retryAt) return;
    const message = "GitHub asked this installation to wait; no call was made";
    throw new GitHubFailure(message, { code: "rate_limited", retryAt });
  }

  return {
    refuseWhilePaused,
    pause(installationId, until) {
      pausedUntil.set(installationId, Math.max(until, pausedUntil.get(installationId) ?? 0));
    },
    async write(installationId, work) {
      const lane = lanes.get(installationId) ?? createLane(clock);
      lanes.set(installationId, lane);
      return lane.queue.add(async () => {
        refuseWhilePaused(installationId);
        await lane.turn();
        refuseWhilePaused(installationId);
        return work();
      });
    },
  };
}

interface Lane {
  readonly queue: PQueue;
  turn(): Promise<void>;
}

/** A token bucket, kept as the time at which it will be full again. */
function createLane(clock: Clock): Lane {
  let fullAt = 0;
  return {
    queue: new PQueue({ concurrency: 1 }),
    async turn() {
      const now = clock.now();
      const wait = Math.max(0, fullAt - now - (burst - 1) * msPerWrite);
      fullAt = Math.max(fullAt, now) + msPerWrite;
      if (wait > 0) await clock.sleep(wait);
    },
  };
}
