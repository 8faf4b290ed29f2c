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
  refuseWhilePaused(installationId: number): Promise<void>;
  /** No call of this installation before this time (ms since the epoch). A longer pause is never shortened. */
  pause(installationId: number, until: number): Promise<void>;
}

/** Where pauses are kept, so that other processes heed them too. */
export interface SharedPauses {
  /** Milliseconds since the epoch; undefined when GitHub never asked. */
  until(installationId: number): Promise<number | undefined>;
  note(installationId: number, until: number): Promise<void>;
}

/**
 * Keeps us below GitHub's secondary limits (security.md T38). A pause does not hold callers back, it fails them with the
 * time to come again: waiting belongs to the outbox, which survives a restart.
 */
export function createPacing(clock: Clock, shared: SharedPauses = pausesOfThisProcess()): Pacing {
  const lanes = new Map<number, Lane>();

  async function refuseWhilePaused(installationId: number): Promise<void> {
    const retryAt = (await shared.until(installationId)) ?? 0;
    if (clock.now() >= retryAt) return;
    const message = "GitHub asked this installation to wait; no call was made";
    throw new GitHubFailure(message, { code: "rate_limited", retryAt });
  }

  return {
    refuseWhilePaused,
    pause: (installationId, until) => shared.note(installationId, until),
    async write(installationId, work) {
      const lane = lanes.get(installationId) ?? createLane(clock);
      lanes.set(installationId, lane);
      return lane.queue.add(async () => {
        await refuseWhilePaused(installationId);
        await lane.turn();
        await refuseWhilePaused(installationId);
        return work();
      });
    },
  };
}

function pausesOfThisProcess(): SharedPauses {
  const known = new Map<number, number>();
  return {
    until: async (installationId) => known.get(installationId),
    async note(installationId, until) {
      known.set(installationId, Math.max(until, known.get(installationId) ?? 0));
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
