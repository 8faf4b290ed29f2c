import { join } from "node:path";
import type { RunOutcome } from "../../src/agent-runner/index.ts";
import type { TreeVerdict } from "../../src/git/index.ts";
import { gitIn } from "./plain-git.ts";
import type { Yard } from "./yard.ts";

const key = (yard: Yard) => ({ repositoryId: yard.repositoryId, runId: "run-1" });
/** What a repository without a policy protects, as far as it concerns the vectors. */
const protect = {
  deny: [".github/workflows/**"],
  hold: [".github/**", ".claude/**", ".codex/**", ".mcp.json", "CODEOWNERS"],
  flag: ["AGENTS.md"],
};

export interface Gated {
  readonly quarantine: string;
  readonly tip: string;
  readonly verdict: TreeVerdict;
}

/** Takes a run's work into quarantine and judges it, as Baton does. @returns why not, when it came to nothing */
export async function judged(
  yard: Yard,
  outcome: RunOutcome,
  secrets: readonly string[] = [],
): Promise<Gated | { readonly quarantine: undefined; readonly why: string }> {
  if (outcome.kind !== "changed")
    return { quarantine: undefined, why: `the run ended as ${JSON.stringify(outcome).slice(0, 200)}` };
  const { bundle, tip } = outcome;
  const imported = await yard.git.importBundle({ ...key(yard), bundle, baseSha: yard.baseSha, tip });
  if (imported.kind === "refused") return { quarantine: undefined, why: `import refused: ${imported.reason}` };
  const verdict = await yard.git.judgeTree({ ...key(yard), baseSha: yard.baseSha, tip, protect, secrets });
  return { quarantine: imported.gitDir, tip, verdict };
}

/** All that Baton does with a run's work, up to the commit it would push. @returns how that went, for the report */
export async function throughTheGate(yard: Yard, outcome: RunOutcome): Promise<string> {
  const gate = await judged(yard, outcome);
  if (gate.quarantine === undefined) return gate.why;
  const order = { ...key(yard), baseSha: yard.baseSha, tip: gate.tip, secrets: ["nothing-of-the-kind"] };
  await yard.git.patchOf(order);
  const { headSha } = await committed(yard, gate);
  await yard.git.keep({ ...key(yard), headSha });
  return `gate: ${gate.verdict.kind}`;
}

/** The app's own commit of that work. */
export async function committed(yard: Yard, { tip, quarantine }: Gated): Promise<{ headSha: string; text: string }> {
  const author = { name: "baton[bot]", email: "7@example.com" };
  const order = { ...key(yard), tip, parents: [yard.baseSha], message: "The app's own words", author, at: 0 };
  const { headSha } = await yard.git.commit(order);
  return { headSha, text: await gitIn(quarantine, ["cat-file", "commit", headSha]) };
}

/** Whether an object is to be had in a quarantine. */
export async function holds(quarantine: string, object: string): Promise<boolean> {
  const kind = gitIn(quarantine, ["cat-file", "-t", object]);
  return kind.then(
    () => true,
    () => false,
  );
}

/** The quarantine's own objects, without those it borrows. */
export function ownObjects(quarantine: string): string {
  return join(quarantine, "objects");
}
