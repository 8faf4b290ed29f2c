import { type EffectWorkerParts, workOnEffects } from "./effect-worker.ts";
import { bury, reclaimFormerBoots, type SweepParts, sweep } from "./reconcile-store.ts";
import { clearMachine } from "./run/clear-machine.ts";
import { type RunWorkerParts, workOnRun } from "./run-worker.ts";
import { releaseFormerEffects } from "./store/effects.ts";

/** What crashes leave behind is looked for this often, in milliseconds. */
const sweepEveryMs = 60_000;

/** What the two kinds of worker in a process need, and how many runs it takes at once. */
export interface WorkerParts {
  readonly effects: EffectWorkerParts;
  readonly runs: RunWorkerParts;
  readonly slots: number;
}

export interface Workers {
  stop(): void;
}

/** What a former start left behind first, then everybody to work. */
export async function startWorkers({ effects, runs, slots }: WorkerParts): Promise<Workers> {
  const { store, log } = runs;
  const parts: SweepParts = { store, orchestrator: runs.orchestrator, clock: runs.clock, log };
  const cleared = await clearMachine(runs.ports);
  if (cleared > 0) log.info({ workspaces: cleared }, "removed what runs of a former start left on disk");
  await releaseFormerEffects(store.db, runs);
  await reclaimFormerBoots(parts, runs);
  await store.queue.workEffects((task) => workOnEffects(effects, task));
  await store.queue.workLostRuns((lost) => bury(parts, lost));
  await store.queue.workRuns(slots, (held) => workOnRun(runs, held));
  await sweep(parts);
  const timer = setInterval(() => {
    sweep(parts).catch((cause: unknown) => log.error({ err: cause }, "sweep failed; the next one tries again"));
  }, sweepEveryMs);
  return { stop: () => clearInterval(timer) };
}
