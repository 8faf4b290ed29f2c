import type { LedgerRow } from "../domain/feedback.ts";
import type { Limits } from "../domain/policy.ts";
import { textOf } from "../domain/round-record.ts";
import type { AddressFeedback } from "../domain/run.ts";
import type { Repository } from "../domain/task.ts";
import type { Git } from "../ports.ts";
import type { Agent, AgentEnd, AgentOrder, EarlierAnswer, RoundParts, Source } from "../run-ports.ts";
import type { Assessed } from "./round-answers.ts";
import { loweredLimits, roundOf, type Work, workspaceOrder } from "./work.ts";

/** Where the agent starts, and what became of its last try when this is another one. */
export interface Attempt {
  readonly start: Source;
  /** What the last verification printed. */
  readonly retryTail?: string;
  /** In a round: what the agent has answered so far. */
  readonly assessed?: Assessed | undefined;
  /** Why its result file was of no use. */
  readonly note?: string | undefined;
}

/** Prompt, workspace, agent, export: the runner's part of a run. */
export async function letAgentWork(work: Work, attempt: Attempt): Promise<AgentEnd> {
  const { ports, run, watch, baseSha } = work;
  const { policy, snapshot } = run.order;
  const limits = loweredLimits(run);
  const prompt = ports.renderPrompt({
    rules: policy.rules,
    snapshot,
    instructions: await instructionsAt(ports.git, run.task.repository, baseSha),
    verifyCommands: policy.verify.run,
    protectedPaths: [...policy.protect.deny, ...policy.protect.hold],
    retryTail: attempt.retryTail,
    round: await roundParts(work, attempt),
  });
  return ports.runner.run(
    {
      ...workspaceOrder(work, attempt.start),
      agent: agentWithin(run.settings.agent, limits),
      prompt,
      context: [],
      limits,
    },
    watch,
  );
}

function agentWithin(agent: Agent, { turns, tokens }: Limits): AgentOrder["agent"] {
  return agent.kind === "command" ? agent : { ...agent, caps: { requests: turns, tokens } };
}

async function roundParts({ ports, run }: Work, { assessed, note }: Attempt): Promise<RoundParts | undefined> {
  const round = roundOf(run);
  if (!round) return undefined;
  const { botUserId } = await ports.github.self();
  return {
    number: round.round,
    pullRequest: round.pullRequest,
    selfId: botUserId,
    items: round.items,
    earlier: handOver(round),
    answered: (assessed?.answers ?? []).map(({ item, kind, text }) => ({ id: item, answer: kind, text })),
    missing: (assessed?.missing ?? []).map(({ item, why }) => ({ id: item, why })),
    note,
  };
}

/** What a former agent answered, for one that has no memory of it. */
function handOver({ earlier }: AddressFeedback): readonly EarlierAnswer[] {
  return earlier.map((row) => ({
    id: row.item,
    round: row.round,
    by: row.by.login,
    path: row.path,
    excerpt: row.excerpt,
    answer: answerInWords(row),
    text: textOf(row.answer),
  }));
}

function answerInWords({ answer }: LedgerRow): string {
  switch (answer.kind) {
    case "fixed":
      return `fixed in ${answer.sha.slice(0, 7)}`;
    case "duplicate":
      return `a repetition of ${answer.of}`;
    case "question":
      return "you asked";
    case "person":
      return "left to a person";
    case "declined":
      return "declined";
  }
}

/** The base commit's instructions, never the branch's own: an agent must not brief its successor (security.md T20). */
async function instructionsAt(git: Git, repository: Repository, sha: string): Promise<string | undefined> {
  for (const path of ["AGENTS.md", "CLAUDE.md"]) {
    const text = await git.readFileAt({ repositoryId: repository.id, sha, path });
    if (text !== undefined && text.trim() !== "") return text;
  }
  return undefined;
}
