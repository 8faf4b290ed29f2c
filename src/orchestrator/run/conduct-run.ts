import { mapTexts } from "../map-texts.ts";
import { commitWork } from "./commit-work.ts";
import { fetchBase } from "./fetch-base.ts";
import type { Attempt } from "./let-agent-work.ts";
import { feedbackOf } from "./round-answers.ts";
import { noTalk, type Talk, type Tried, tryAgent } from "./try-agent.ts";
import { verifyTree } from "./verify-tree.ts";
import {
  type Conducted,
  type ConductPorts,
  type RunToConduct,
  type RunWatch,
  refOf,
  rootOf,
  roundOf,
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
    const conducted = await workUntilGreen({ ports, run, watch, base: base.source, baseSha: base.baseSha });
    return { ...conducted, outcome: mapTexts(conducted.outcome, (text) => withoutRoot(text, rootOf(ports, run))) };
  } finally {
    await ports.git.forget(refOf(run));
    await ports.runner.cleanUp(rootOf(ports, run));
  }
}

/** The agent works; a red verification sends it back to its own tree with the output's tail, `verify.attempts` times. */
async function workUntilGreen(work: Work): Promise<Conducted> {
  const { verify } = work.run.order.policy;
  let attempt: Attempt = { start: work.base };
  let talk: Talk = noTalk;
  for (let count = 1; ; count++) {
    const tried = await tryAgent(work, attempt, talk);
    if (tried.kind === "over") return tried.conducted;
    if (tried.kind === "unchanged") return endUnchanged(work, tried);
    const { gate, assessed } = tried;
    const verification = await verifyTree(work, gate.source, count);
    if (verification.kind === "ended") return { outcome: verification.outcome };
    if (verification.kind !== "failed" || count > verify.attempts) return commitWork(work, { ...tried, verification });
    talk = tried.talk;
    const retryTail = `$ ${verification.command}\n${verification.tail}`;
    attempt = { start: gate.source, retryTail, assessed };
  }
}

/** Nothing to publish; but in a round over feedback the answers are what people wait for. */
function endUnchanged({ run }: Work, { reason, assessed }: Tried & { kind: "unchanged" }): Conducted {
  const round = roundOf(run);
  if (!round || !assessed) return { outcome: { kind: "no_change", reason } };
  return {
    outcome: { kind: "answered", feedback: feedbackOf(round, { assessed, lines: [], verification: "not_red" }) },
  };
}

/** Commands print where they run; that is no reader's business and tells about the operator's machine. */
function withoutRoot(text: string, root: string): string {
  return text.replaceAll(`${root}/repo`, ".").replaceAll(root, "<workspace>");
}
