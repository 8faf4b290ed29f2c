import { parseArgs } from "node:util";
import type { Trial } from "./vector.ts";

export interface Options {
  readonly output: "table" | "json";
  /** Trials to play, and the vectors of them to show. */
  readonly trials: readonly Trial[];
  readonly only: string | undefined;
}

export const usage = `Usage: npm run test:evil -- [--json] [--only <vector or trial>] [--list]

Tries everything a hostile agent can try, each vector twice: without any walls (sandbox driver "none"), where it must
succeed, or the test proves nothing; and in the sandbox, where it must be contained. Exit code 1 on any gap.

  --json         print one JSON object instead of the table
  --only <name>  one vector, or one trial with all its vectors
  --list         print the names and what they are after`;

/** Reads the command line. @throws Error when it is not understood */
export function readOptions(args: readonly string[], all: readonly Trial[]): Options | "help" | "list" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean" },
      only: { type: "string" },
      help: { type: "boolean" },
      list: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  if (values.list) return "list";
  const { only } = values;
  const trials = all.filter(
    (trial) => only === undefined || trial.name === only || trial.vectors.some(({ name }) => name === only),
  );
  if (trials.length === 0) throw new Error(`There is neither a vector nor a trial called ${only}.`);
  return { output: values.json ? "json" : "table", trials, only };
}
