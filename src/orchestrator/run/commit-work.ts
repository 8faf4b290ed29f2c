import type { ModelUsage, Verification } from "../domain/run.ts";
import { commitMessage } from "../render/commit-message.ts";
import type { AgentResult } from "../run-ports.ts";
import type { Passed } from "./pass-gate.ts";
import { type Changed, type Conducted, refOf, type Work } from "./work.ts";

/** What the commit and its report are made of. */
export interface MadeWork {
  readonly end: Changed;
  /** The last account the agent gave, of this try or an earlier one. */
  readonly result: AgentResult | undefined;
  readonly gate: Passed;
  readonly verification: Verification;
  /** Of all tries together. */
  readonly usage: ModelUsage | undefined;
}

/** One commit by the app: only the final tree is taken, its parent is the recorded base (security.md T27). */
export async function commitWork(work: Work, made: MadeWork): Promise<Conducted> {
  const { ports, run, base } = work;
  const { end, result, gate, verification } = made;
  const title = result?.title ?? run.order.snapshot.title;
  const summary = result?.summary ?? "";
  const self = await ports.github.self();
  const ref = refOf(run);
  const { headSha } = await ports.git.commit({
    ...ref,
    tip: end.tip,
    parents: [run.order.parent ?? base.sha],
    message: commitMessage({ title, summary, run: run.id, order: run.order }),
    author: { name: self.botLogin, email: self.email },
    at: run.startedAt,
  });
  const bundle = await ports.git.keep({ ...ref, headSha });
  const report = {
    hasResult: result !== undefined,
    title,
    summary,
    decisions: result?.decisions ?? [],
    notDone: result?.not_done ?? [],
    verification,
    blockedHosts: end.blockedHosts,
    flaggedPaths: gate.flagged,
    changedFiles: gate.changedFiles.length,
    seconds: 0,
    usage: made.usage,
  };
  return { outcome: { kind: "changed", headSha, baseSha: base.sha, report }, bundle };
}
