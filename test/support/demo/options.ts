import { join } from "node:path";
import { parseArgs } from "node:util";

/** What the person who starts the demo wants. */
export interface DemoOptions {
  /** Print one JSON object instead of the conversation. */
  readonly output: "conversation" | "json";
  /** Leave everything running afterwards, or take it down. */
  readonly afterwards: "stop" | "keep";
  /** How far the scenario is played: to the pull request, or through its review to the merge. */
  readonly story: "issue" | "review";
  /** Directory of the scenario to play. */
  readonly scenario: string;
  /** Undefined: the real one when it can be had. */
  readonly agent: "codex" | "command" | undefined;
  /** Who answers the agent's model requests. */
  readonly provider: "scripted" | "live";
  /** Name of the model, for a real provider. */
  readonly model: string;
}

export const usage = `Usage: npm run demo -- [--story issue|review] [--agent codex|command] [--live [--model <name>]] [--scenario <dir>]
                       [--json] [--keep]

  --story review    goes on after the pull request: a person and a bot review it, two rounds, answers, approval, merge
  --agent codex     the real Codex CLI, installed when it is not there yet; its model is a script on this machine
  --agent command   the scenario's own program; needs nothing
  --live            Codex with a real provider: OPENAI_API_KEY from the environment, and money
  --model <name>    which model, with --live (gpt-5-codex)
  --scenario <dir>  play another scenario: repository/, issue.md, agent.yml, an executable agent (or turns/), expect.sh,
                    for codex model.yml, and for the story of a review review.yml
  --json            print one JSON object at the end instead of the conversation
  --keep            leave everything running afterwards and say where`;

/** Reads the command line. @throws Error with a sentence when it cannot be understood */
export function readOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string" },
      story: { type: "string", default: "issue" },
      json: { type: "boolean" },
      keep: { type: "boolean" },
      agent: { type: "string" },
      live: { type: "boolean" },
      model: { type: "string", default: "gpt-5-codex" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  const { agent, story } = values;
  if (story !== "issue" && story !== "review") throw new Error(`There is no story called ${story}: issue or review.`);
  if (agent !== undefined && agent !== "codex" && agent !== "command")
    throw new Error(`There is no agent called ${agent} here: codex or command.`);
  return {
    output: values.json ? "json" : "conversation",
    afterwards: values.keep ? "keep" : "stop",
    story,
    agent,
    provider: values.live ? "live" : "scripted",
    model: values.model,
    scenario: values.scenario ?? join(import.meta.dirname, "../../fixtures/sample"),
  };
}
