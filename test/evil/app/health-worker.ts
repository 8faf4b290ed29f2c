import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

/** What an address answered, from a thread of its own: what else the test does must not count as slowness. */
export interface Answers {
  readonly looks: number;
  readonly slowestMs: number;
  readonly failures: readonly string[];
}

const { url } = workerData as { readonly url: string };
const failures: string[] = [];
let [looks, slowestMs] = [0, 0];
let ended = false;
parentPort?.once("message", () => {
  ended = true;
});
while (!ended) {
  const since = performance.now();
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await answer.text();
    if (!answer.ok) failures.push(String(answer.status));
  } catch (error) {
    failures.push(String(error));
  }
  looks++;
  slowestMs = Math.max(slowestMs, performance.now() - since);
  await pause(100);
}
parentPort?.postMessage({ looks, slowestMs: Math.round(slowestMs), failures } satisfies Answers);
