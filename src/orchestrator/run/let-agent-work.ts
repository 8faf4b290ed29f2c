import type { Limits } from "../domain/policy.ts";
import type { Repository } from "../domain/task.ts";
import type { Git } from "../ports.ts";
import type { Agent, AgentEnd, AgentOrder, Source } from "../run-ports.ts";
import { loweredLimits, type Work, workspaceOrder } from "./work.ts";

/** Where the agent starts, and what the last verification printed when this is another try. */
export interface Attempt {
  readonly start: Source;
  readonly retryTail: string | undefined;
}

/** Prompt, workspace, agent, export: the runner's part of a run. */
export async function letAgentWork(work: Work, { start, retryTail }: Attempt): Promise<AgentEnd> {
  const { ports, run, watch, base } = work;
  const { policy, snapshot } = run.order;
  const limits = loweredLimits(run);
  const prompt = ports.renderPrompt({
    rules: policy.rules,
    snapshot,
    instructions: await instructionsAt(ports.git, run.task.repository, base.sha),
    verifyCommands: policy.verify.run,
    protectedPaths: [...policy.protect.deny, ...policy.protect.hold],
    retryTail,
  });
  return ports.runner.run(
    {
      ...workspaceOrder(work, start),
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

/** The base commit's instructions, never the branch's own: an agent must not brief its successor (security.md T20). */
async function instructionsAt(git: Git, repository: Repository, sha: string): Promise<string | undefined> {
  for (const path of ["AGENTS.md", "CLAUDE.md"]) {
    const text = await git.readFileAt({ repositoryId: repository.id, sha, path });
    if (text !== undefined && text.trim() !== "") return text;
  }
  return undefined;
}
