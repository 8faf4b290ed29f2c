import type { Options } from "./options.ts";
import type { Driver, Fact, Finding, Findings, Note, Row, Trial } from "./vector.ts";

export interface Tried {
  readonly rows: readonly Row[];
  readonly facts: readonly Fact[];
}

/** Plays the trials behind both kinds of walls. A trial that breaks down leaves its vectors untried. */
export async function tryAll({ trials, only }: Options): Promise<Tried> {
  const facts: Fact[] = [];
  const note: Note = (fact) => void facts.push(fact);
  const rows = new Map<Trial, readonly Row[]>();
  const play = async (trial: Trial) => {
    const none = playOne(trial, "none", note);
    // Measured time is the sandbox's alone.
    if (trial.isAlone) await none;
    const srt = playOne(trial, "srt", note);
    const findings = { none: await none, srt: await srt };
    const shown = trial.vectors.filter(({ name }) => only === undefined || only === name || only === trial.name);
    rows.set(
      trial,
      shown.map((vector) => ({
        trial: trial.name,
        vector,
        none: of(findings.none, vector.name),
        srt: of(findings.srt, vector.name),
      })),
    );
  };
  for (const trial of trials.filter(({ isAlone }) => isAlone)) await play(trial);
  await Promise.all(trials.filter(({ isAlone }) => !isAlone).map(play));
  return { rows: trials.flatMap((trial) => rows.get(trial) ?? []), facts };
}

async function playOne(trial: Trial, driver: Driver, note: Note): Promise<Findings | Error> {
  const since = performance.now();
  try {
    return await trial.play(driver, note);
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
