import type { ModelUsage, RunOutcome } from "../domain/run.ts";
import type { AgentAnswer, AgentEnd, AgentResult } from "../run-ports.ts";
import { type Attempt, letAgentWork } from "./let-agent-work.ts";
import { type Passed, passGate } from "./pass-gate.ts";
import { type Assessed, assessAnswers } from "./round-answers.ts";
import { type Changed, type Conducted, roundOf, type Work } from "./work.ts";

/** What the agent said in all its tries, and what they used of its model. */
export interface Talk {
  readonly result: AgentResult | undefined;
  readonly answers: readonly AgentAnswer[];
  readonly usage: ModelUsage | undefined;
  /** Whether it was sent back for answers before. */
  readonly asked: "never" | "once";
}

export const noTalk: Talk = { result: undefined, answers: [], usage: undefined, asked: "never" };

/** A try of the agent as far as the gate. `assessed` is of rounds over feedback only. */
export type Tried = { readonly talk: Talk; readonly assessed: Assessed | undefined } & (
  | { readonly kind: "made"; readonly end: Changed; readonly gate: Passed }
  | { readonly kind: "unchanged"; readonly reason: string }
  | { readonly kind: "over"; readonly conducted: Conducted }
);

/**
 * Lets the agent work. In a round over feedback it is sent back to its own tree once, for items it left without an
 * answer; when it comes to grief over that, what it did before still stands.
 */
export async function tryAgent(work: Work, attempt: Attempt, talk: Talk): Promise<Tried> {
  const first = await tryOnce(work, attempt, talk);
  if (talk.asked === "once" || !first.assessed?.missing.length || !mayBeAsked(first)) return first;
  const start = first.kind === "made" ? first.gate.source : attempt.start;
  const { assessed } = first;
  const again = await tryOnce(work, { start, assessed, note: noteOf(first) }, { ...first.talk, asked: "once" });
  return first.kind !== "over" && isMishap(again) ? { ...first, talk: again.talk } : again;
}

async function tryOnce(work: Work, attempt: Attempt, before: Talk): Promise<Tried> {
  const end = await letAgentWork(work, attempt);
  const talk = hear(work, before, end);
  const round = roundOf(work.run);
  const assess = (tree: "changed" | "unchanged") => round && assessAnswers(round, { answers: talk.answers, tree });
  const unchanged = (reason: string): Tried => ({ kind: "unchanged", reason, talk, assessed: assess("unchanged") });
  if (end.kind === "no_change") return unchanged(end.reason);
  if (end.kind !== "changed") return { kind: "over", conducted: { outcome: end }, talk, assessed: assess("unchanged") };
  const gate = await passGate(work, end);
  if (gate.kind === "refused") return { kind: "over", conducted: gate.conducted, talk, assessed: undefined };
  if (gate.changedFiles.length === 0) return unchanged("The agent ended with the tree as it was.");
  return { kind: "made", end, gate, talk, assessed: assess("changed") };
}

/** An agent that was sent back need not say again what it said; elsewhere the last account counts. */
function hear(work: Work, talk: Talk, end: AgentEnd): Talk {
  const said = end.kind === "changed" || end.kind === "no_change" ? end.result : undefined;
  const result = roundOf(work.run) && said ? { ...talk.result, ...said } : (said ?? talk.result);
  return { ...talk, result, answers: [...talk.answers, ...(said?.answers ?? [])], usage: sumOf(talk.usage, end.usage) };
}

/** After work, also after none; and after a result file that could not be read, which a second look may mend. */
function mayBeAsked(tried: Tried): boolean {
  return tried.kind !== "over" || isFailure(tried.conducted.outcome, "bad_result");
}

function isMishap(tried: Tried): boolean {
  if (tried.kind !== "over") return false;
  const { outcome } = tried.conducted;
  return outcome.kind === "limit" || outcome.kind === "failed";
}

function noteOf(tried: Tried): string | undefined {
  if (tried.kind === "made") return tried.end.note;
  if (tried.kind === "unchanged") return undefined;
  const { outcome } = tried.conducted;
  return outcome.kind === "failed" ? outcome.detail : undefined;
}

function isFailure(outcome: RunOutcome, failure: string): boolean {
  return outcome.kind === "failed" && outcome.class === failure;
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
