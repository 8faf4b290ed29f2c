import { lineChangesOf } from "../domain/line-changes.ts";
import type { Answered } from "../domain/review.ts";
import type { RunReport, Verification } from "../domain/run.ts";
import { commitMessage } from "../render/commit-message.ts";
import { feedbackOf } from "./round-answers.ts";
import type { Tried } from "./try-agent.ts";
import { type Conducted, refOf, roundOf, type Work } from "./work.ts";

/** What the commit and its report are made of. */
export type MadeWork = Tried & { readonly kind: "made"; readonly verification: Verification };

/**
 * One commit by the app: only the final tree is taken, its parent is the recorded base, or the head of our branch that
 * a round began at (security.md T27).
 */
export async function commitWork(work: Work, made: MadeWork): Promise<Conducted> {
  const { ports, run, base, baseSha } = work;
  const parent = roundOf(run) ? base.sha : run.order.parent;
  const self = await ports.github.self();
  const ref = refOf(run);
  const feedback = await answeredBy(work, made);
  const report: RunReport = { ...reportOf(work, made), feedback };
  const { headSha } = await ports.git.commit({
    ...ref,
    tip: made.end.tip,
    parents: [parent ?? base.sha],
    message: commitMessage({ title: report.title, summary: report.summary, run: run.id, order: run.order }),
    author: { name: self.botLogin, email: self.email },
    at: run.startedAt,
  });
  const bundle = await ports.git.keep({ ...ref, headSha });
  return { outcome: { kind: "changed", headSha, baseSha, parent, report }, bundle };
}

function reportOf({ run }: Work, { end, talk, gate, verification }: MadeWork): RunReport {
  const { result, usage } = talk;
  const round = roundOf(run);
  return {
    hasResult: result !== undefined,
    title: result?.title ?? (round ? `Address review feedback, round ${round.round}` : run.order.snapshot.title),
    summary: result?.summary ?? "",
    decisions: result?.decisions ?? [],
    notDone: result?.not_done ?? [],
    verification,
    blockedHosts: end.blockedHosts,
    flaggedPaths: gate.flagged,
    changedFiles: gate.changedFiles.length,
    seconds: 0,
    usage,
  };
}

async function answeredBy(work: Work, { end, assessed, verification }: MadeWork): Promise<Answered | undefined> {
  const { ports, run, base } = work;
  const round = roundOf(run);
  if (!round || !assessed) return undefined;
  const { secrets } = run.settings;
  const diff = await ports.git.patchOf({ ...refOf(run), baseSha: base.sha, tip: end.tip, secrets });
  return feedbackOf(round, {
    assessed,
    lines: lineChangesOf(diff),
    verification: verification.kind === "failed" ? "red" : "not_red",
  });
}
