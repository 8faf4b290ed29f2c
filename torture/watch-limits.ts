import { setTimeout as pause } from "node:timers/promises";
import type { Arena } from "./arena.ts";

/** Looks again and again how many runs hold a slot. `stop` tells when there were more than the limits allow. */
export function watchLimits({ db, limits }: Arena): { stop(): Promise<readonly string[]> } {
  const found = new Set<string>();
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      const live = await db
        .selectFrom("run")
        .select("repoId")
        .where("state", "in", ["active", "cancelling"])
        .execute()
        .catch(() => []); // the database may be killed
      if (live.length > limits.total) found.add(`${live.length} runs at once, ${limits.total} are allowed`);
      for (const [repository, runs] of Map.groupBy(live, ({ repoId }) => repoId))
        if (runs.length > limits.perRepository)
          found.add(`${runs.length} runs at once in ${repository}, ${limits.perRepository} are allowed`);
      await pause(150, undefined, { signal: end.signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      end.abort();
      await watching;
      return [...found];
    },
  };
}
