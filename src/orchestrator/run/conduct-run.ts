import type { ModelUsage } from "../domain/run.ts";
import { mapTexts } from "../map-texts.ts";
import type { AgentResult, Source } from "../run-ports.ts";
import { commitWork } from "./commit-work.ts";
import { fetchBase } from "./fetch-base.ts";
import { letAgentWork } from "./let-agent-work.ts";
import { passGate } from "./pass-gate.ts";
import { verifyTree } from "./verify-tree.ts";
import {
  type Conducted,
  type ConductPorts,
  type RunToConduct,
  type RunWatch,
  refOf,
  rootOf,
  type Work,
} from "./work.ts";

/**
 * One run from the mirror to a commit that may be pushed: workspace, agent, quarantine, gate, verification, commit
 * (product.md §3). Nothing here writes to GitHub.
 */
export async function conductRun(ports: ConductPorts, run: RunToConduct, watch: RunWatch): Promise<Conducted> {
  const base = await fetchBase(ports, run);
  if (base.kind === "failed") return { outcome: base };
  try {
    const conducted = await workUntilGreen({ ports, run, watch, base: base.source });
    return { ...conducted, outcome: mapTexts(conducted.outcome, (text) => withoutRoot(text, rootOf(ports, run))) };
  } finally {
    await ports.git.forget(refOf(run));
    await ports.runner.cleanUp(rootOf(ports, run));
  }
}

/** The agent works; a red verification sends it back to its own tree with the output's tail, `verify.attempts` times. */
async function workUntilGreen(work: Work): Promise<Conducted> {
  const { verify } = work.run.order.policy;
  let start: Source = work.base;
  let retryTail: string | undefined;
  let result: AgentResult | undefined;
  let usage: ModelUsage | undefined;
  for (let attempt = 1; ; attempt++) {
    const end = await letAgentWork(work, { start, retryTail });
    if (end.kind !== "changed") return { outcome: end };
    result = end.result ?? result;
    usage = sumOf(usage, end.usage);
    const gate = await passGate(work, end);
    if (gate.kind === "refused") return gate.conducted;
    if (gate.changedFiles.length === 0)
      return { outcome: { kind: "no_change", reason: "The agent ended with the tree as it was." } };
    const verification = await verifyTree(work, gate.source, attempt);
    if (verification.kind === "ended") return { outcome: verification.outcome };
    if (verification.kind !== "failed" || attempt > verify.attempts) {
      return commitWork(work, { end, result, gate, verification, usage });
    }
    start = gate.source;
    retryTail = `$ ${verification.command}\n${verification.tail}`;
  }
}

function sumOf(one: ModelUsage | undefined, other: ModelUsage | undefined): ModelUsage | undefined {
  if (!one || !other) return one ?? other;
  return {
    requests: one.requests + other.requests,
    input: one.input + other.input,
    cachedInput: one.cachedInput + other.cachedInput,
    output: one.output + other.output,
  };
}

/** Commands print where they run; that is no reader's business and tells about the operator's machine. */
function withoutRoot(text: string, root: string): string {
  return text.replaceAll(`${root}/repo`, ".").replaceAll(root, "<workspace>");
}
