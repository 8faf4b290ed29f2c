import { resolve } from "node:path";
import { installAgent } from "../../../scripts/agents/install.ts";
import type { Scenario } from "../scenario.ts";
import type { DemoOptions } from "./options.ts";

/** Who plays the agent, and for one that needs a model who plays that. */
export type DemoAgent =
  | { readonly kind: "command"; readonly why: string }
  | { readonly kind: "codex"; readonly model: "scripted"; readonly why: string }
  | { readonly kind: "codex"; readonly model: "live"; readonly name: string; readonly why: string };

/** The demo was asked for something that cannot be had here; the message says what to do. */
export class DemoRefusal extends Error {
  readonly code = "DEMO_REFUSAL";
}

export interface Choice {
  readonly options: Pick<DemoOptions, "agent" | "model" | "provider" | "story">;
  readonly scenario: Scenario;
  readonly project: string;
  /** Progress for people: installing takes a while. */
  readonly say: (line: string) => void;
}

/**
 * The real Codex CLI when it is there or can be had, else the scenario's own program, and in words which and why. What
 * was asked for by name is not replaced by something else.
 *
 * @throws DemoRefusal
 */
export async function chooseAgent({ options, scenario, project, say }: Choice): Promise<DemoAgent> {
  const { agent: asked, provider, story } = options;
  if (story === "review" && provider === "live")
    throw new DemoRefusal("--story review knows what a script answers: leave out --live.");
  const wantsCodex = asked === "codex" || provider === "live";
  if (asked === "command") {
    if (provider === "live")
      throw new DemoRefusal("--live needs an agent that asks a model: leave out --agent command.");
    return { kind: "command", why: "as asked" };
  }
  if (provider === "live" && !process.env.OPENAI_API_KEY)
    throw new DemoRefusal("--live asks a real provider: put its key into OPENAI_API_KEY first.");
  if (provider === "scripted" && scenario.model === undefined) {
    if (wantsCodex) throw new DemoRefusal(`${scenario.name} has no model.yml, which says what the model answers.`);
    return { kind: "command", why: "the scenario brings a program of its own and no model.yml" };
  }
  if (!(await canHaveCodex(project, say))) {
    if (wantsCodex)
      throw new DemoRefusal("Without the Codex CLI there is nothing to show. `--agent command` needs none.");
    return { kind: "command", why: "the Codex CLI could not be installed, see above" };
  }
  return provider === "live"
    ? { kind: "codex", model: "live", name: options.model, why: "with a real provider: this costs money" }
    : { kind: "codex", model: "scripted", why: "its model is a script on this machine" };
}

/** Where agents are installed, for the demo as for Baton itself. */
export function agentsDir(project: string): string {
  return resolve(process.env.AGENTS_DIR || resolve(project, ".agents"));
}

function canHaveCodex(project: string, say: (line: string) => void): Promise<boolean> {
  return installAgent({
    agent: "codex",
    manifests: resolve(project, "agents"),
    installed: agentsDir(project),
    say: (line) => (line.endsWith("installed already.") ? undefined : say(line)),
  });
}
