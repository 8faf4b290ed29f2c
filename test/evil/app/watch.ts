import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { livingProcesses, type Seen } from "../processes.ts";
import type { Health } from "./health-worker.ts";

/** What was seen of a running Baton from outside. */
export interface Watched {
  readonly health: Health;
  /** Command lines and environments of everything Baton started, each once. */
  readonly commandLines: ReadonlySet<string>;
  readonly environments: ReadonlySet<string>;
}

export interface Watch {
  /** Ends it. */
  readonly done: () => Promise<Watched>;
}

const everyMs = 200;

/** Looks at `/healthz` and at the processes below Baton, again and again. */
export function watchBaton(baton: { readonly url: string; readonly pid: number }): Watch {
  const ended = new AbortController();
  const [commandLines, environments] = [new Set<string>(), new Set<string>()];
  const worker = new Worker(new URL("./health-worker.ts", import.meta.url), {
    workerData: { url: `${baton.url}/healthz` },
  });
  const answered = once(worker, "message") as Promise<[Health]>;
  const looking = (async () => {
    while (!ended.signal.aborted) {
      for (const { words, environment } of below(baton.pid)) {
        commandLines.add(words);
        environments.add(environment);
      }
      await pause(everyMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();
  return {
    async done() {
      ended.abort();
      worker.postMessage("end");
      const [[health]] = await Promise.all([answered, looking]);
      return { health, commandLines, environments };
    },
  };
}

/** Everything a process has started, however deep. */
function below(root: number): readonly Seen[] {
  const children = Map.groupBy(livingProcesses(), ({ parent }) => parent);
  const found = [...(children.get(root) ?? [])];
  for (let next = 0; next < found.length; next++) found.push(...(children.get(found[next]?.pid ?? -1) ?? []));
  return found;
}
