import PQueue from "p-queue";
import type { Options } from "./options.ts";
import type { Driver, Finding, Findings, Row, Trial } from "./vector.ts";

export interface Tried {
  readonly rows: readonly Row[];
}

/** Most trials wait for something most of the time. */
const atOnce = 3;

/** Plays the trials behind both kinds of walls. A trial that breaks down leaves its vectors untried. */
export async function tryAll({ trials, only }: Options): Promise<Tried> {
  const queue = new PQueue({ concurrency: atOnce });
  const rows = await Promise.all(
    trials.map(async (trial) => {
      const [none, srt] = await Promise.all([
        queue.add(() => playOne(trial, "none")),
        queue.add(() => playOne(trial, "srt")),
      ]);
      return trial.vectors
        .filter(({ name }) => only === undefined || only === name || only === trial.name)
        .map((vector) => ({ trial: trial.name, vector, none: of(none, vector.name), srt: of(srt, vector.name) }));
    }),
  );
  return { rows: rows.flat() };
}

async function playOne(trial: Trial, driver: Driver): Promise<Findings | Error> {
  const since = performance.now();
  try {
    return await trial.play(driver);
  } catch (error) {
    process.stderr.write(`  ${trial.name} broke down: ${error instanceof Error ? error.stack : error}\n`);
    return new Error("the trial broke down, see above");
  } finally {
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    process.stderr.write(`  ${trial.name}, ${driver === "none" ? "without walls" : "in the sandbox"}: ${seconds} s\n`);
  }
}

function of(findings: Findings | Error, name: string): Finding {
  if (findings instanceof Error) return { kind: "untried", how: findings.message };
  return findings[name] ?? { kind: "untried", how: "the trial says nothing about it" };
}
