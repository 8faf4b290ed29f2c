import type { Place } from "./ports.ts";
import { redeliverFailed } from "./reconcile-deliveries.ts";
import { attempt, beginPass, type Pass, type ReconcileParts, type ReconcileReport } from "./reconcile-pass.ts";
import { readRepository } from "./reconcile-repository.ts";
import { sweep } from "./reconcile-store.ts";
import { checkLiveTask } from "./reconcile-task.ts";
import { noteRepositories, readWatermark, saveWatermark } from "./store/looks.ts";
import { liveTasks } from "./store/tasks.ts";

/** Compares what we believe with GitHub and the store. Webhooks are hints; this is the truth. */
export interface Reconciler {
  /** Learns which repositories there are; what happened before in a repository is none of our business. */
  notice(): Promise<void>;
  /** One pass, now; a second call waits for the first and then makes its own. Trouble with GitHub is in the report. */
  reconcile(): Promise<ReconcileReport>;
  /** A pass at once, and one each time `everyMs` have gone by without any process on this store having made one. */
  keepReconciling(everyMs: number): void;
  /** Resolves when no pass is under way; there will be no other. */
  stop(): Promise<void>;
}

export function createReconciler(parts: ReconcileParts): Reconciler {
  const { store, clock, log } = parts;
  const stopped = new AbortController();
  let last: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function reconcile(): Promise<ReconcileReport> {
    const next = last.then(() => makePass(beginPass(parts, stopped.signal)));
    last = next.catch(() => {});
    return next;
  }

  /** Half an interval: processes that started at different times share the passes instead of making all of them each. */
  async function reconcileIfDue(everyMs: number): Promise<void> {
    const lastPass = await readWatermark(store.db, "pass");
    if (lastPass === undefined || clock() - lastPass >= everyMs / 2) await reconcile();
  }

  function logged(work: Promise<unknown>): void {
    work.catch((cause: unknown) => log.error({ err: cause }, "reconciling failed; the next pass tries again"));
  }

  return {
    reconcile,
    async notice() {
      await listPlaces(beginPass(parts, stopped.signal));
    },
    keepReconciling(everyMs) {
      logged(reconcile());
      timer = setInterval(() => logged(reconcileIfDue(everyMs)), everyMs);
    },
    async stop() {
      clearInterval(timer);
      stopped.abort();
      await last;
    },
  };
}

/** The store first, for it needs nobody; then webhooks that can still come as they were; then what must be asked. */
async function makePass(pass: Pass): Promise<ReconcileReport> {
  const { store, log, counts } = pass;
  await saveWatermark(store.db, "pass", pass.startedAt);
  await attempt(pass, { installationId: 0, about: {} }, () => sweep(pass));
  await attempt(pass, { installationId: 0, about: {} }, () => redeliverFailed(pass));
  const places = await listPlaces(pass);
  for (const task of await liveTasks(store.db)) {
    const at = places.get(task.repository.id);
    if (at) await checkLiveTask(pass, { at, task });
  }
  for (const at of places.values()) await readRepository(pass, at);
  log.info({ ...counts, ms: pass.clock() - pass.startedAt }, "reconciled");
  return counts;
}

/** Every repository we are installed in, by its id, with its present name. */
async function listPlaces(pass: Pass): Promise<ReadonlyMap<number, Place>> {
  const { github, store, counts } = pass;
  const places = new Map<number, Place>();
  await attempt(pass, { installationId: 0, about: {} }, async () => {
    const installations = (await github.listInstallations()).filter((each) => !each.suspended);
    for (const { id: installationId } of installations) {
      await attempt(pass, { installationId, about: { installation: installationId } }, async () => {
        const found = (await github.listRepositories(installationId)).filter((each) => !each.archived);
        for (const { id, owner, name } of found) places.set(id, { repository: { id, owner, name }, installationId });
      });
    }
  });
  // GitHub's clock has whole seconds: what it dates to the second in which we arrived may have happened after it.
  const now = Math.floor(pass.startedAt / 1000) * 1000;
  await noteRepositories(store.db, [...places.keys()], now);
  counts.repositories = places.size;
  return places;
}
