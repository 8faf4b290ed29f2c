import { join } from "node:path";
import { parseArgs } from "node:util";

/** What the person who starts the demo wants. */
export interface DemoOptions {
  /** Print one JSON object instead of the conversation. */
  readonly output: "conversation" | "json";
  /** Leave everything running afterwards, or take it down. */
  readonly afterwards: "stop" | "keep";
  /** Directory of the scenario to play. */
  readonly scenario: string;
}

export const usage = `Usage: npm run demo -- [--scenario <dir>] [--json] [--keep]

  --scenario <dir>  play another scenario: repository/, issue.md, agent.yml, an executable agent (or turns/), expect.sh
  --json            print one JSON object at the end instead of the conversation
  --keep            leave everything running afterwards and say where`;

/** Reads the command line. @throws Error with a sentence when it cannot be understood */
export function readOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string" },
      json: { type: "boolean" },
      keep: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  return {
    output: values.json ? "json" : "conversation",
    afterwards: values.keep ? "keep" : "stop",
    scenario: values.scenario ?? join(import.meta.dirname, "../../fixtures/sample"),
  };
}
