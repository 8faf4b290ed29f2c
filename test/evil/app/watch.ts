import { once } from "node:events";
import { loadavg } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { livingProcesses, type Seen } from "../processes.ts";
import type { Answers } from "./health-worker.ts";

/** What was seen of a running Baton from outside. */
export interface Watched {
  readonly health: Answers;
  /** Of a server that does nothing else, at the same time: how slow this machine is by itself. */
  readonly bareServer: Answers;
  /** Processes that wanted to run on this machine, before anything evil began. */
  readonly loadBefore: number;
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
  const [loadBefore = 0] = loadavg();
  const ended = new AbortController();
  const [commandLines, environments] = [new Set<string>(), new Set<string>()];
  const health = poll(`${baton.url}/healthz`);
  const bare = new Worker(new URL("./bare-server-worker.ts", import.meta.url));
  const bareServer = once(bare, "message").then(([port]) => poll(`http://127.0.0.1:${port}/`));
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
      await looking;
      const answers = { health: await health.done(), bareServer: await (await bareServer).done() };
      await bare.terminate();
      return { ...answers, loadBefore, commandLines, environments };
    },
  };
}

/** Asks an address again and again, in a thread of its own. */
function poll(url: string) {
  const worker = new Worker(new URL("./health-worker.ts", import.meta.url), { workerData: { url } });
  const answered = once(worker, "message") as Promise<[Answers]>;
  return {
    done: async (): Promise<Answers> => {
      worker.postMessage("end");
      return (await answered)[0];
    },
  };
}

/**
 * Everything a process has started, however deep. A child that is not yet the program it is to become still has its
 * parent's words and environment: that is the parent, seen twice.
 */
function below(root: number): readonly Seen[] {
  const all = livingProcesses();
  const words = all.find(({ pid }) => pid === root)?.words;
  const children = Map.groupBy(all, ({ parent }) => parent);
  const found = [...(children.get(root) ?? [])];
  for (let next = 0; next < found.length; next++) found.push(...(children.get(found[next]?.pid ?? -1) ?? []));
  return found.filter((seen) => seen.words !== words);
}
