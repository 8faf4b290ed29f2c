import { assertNever } from "../domain/decision.ts";
import type { Effect } from "../domain/effect.ts";
import type { Done, EffectContext } from "./effect-context.ts";
import { InDoubt, Refused } from "./failure.ts";

/**
 * Pushes the run's commit as a fast-forward with an exact lease. The bundle comes from the store, so any machine can
 * do it; a second try finds the branch where it should be and is content.
 */
export async function pushBranch(effect: Effect & { type: "push_branch" }, context: EffectContext): Promise<Done> {
  const { task, at, ports, facts } = context;
  const { order, bundle } = await facts.run(effect.run);
  const ref = { repositoryId: task.repository.id, runId: effect.run };
  const url = ports.github.cloneUrl(task.repository);
  const token = await ports.github.token(at, "push");
  const fetched = await ports.git.fetchBase({
    repositoryId: ref.repositoryId,
    url,
    token,
    branch: order.policy.base,
    agentBranch: order.branch,
  });
  if (fetched.kind === "unavailable")
    throw new InDoubt("The base branch could not be fetched.", { cause: fetched.cause });
  try {
    const adopted = await ports.git.adopt({ ...ref, headSha: effect.headSha, bundle });
    if (adopted.kind !== "ok") throw new Refused("The base branch was rewritten while the agent worked.");
    const push = { ...ref, url, token, branch: order.branch, headSha: effect.headSha, expected: order.parent };
    await at.beforeWrite();
    const pushed = await ports.git.push(push);
    switch (pushed.kind) {
      case "pushed":
      case "already":
        return { event: { type: "branch_pushed", at: ports.clock(), run: effect.run, headSha: effect.headSha } };
      case "moved":
        throw new Refused(
          `The branch \`${order.branch}\` already exists and is not what we left there. Delete or rename it.`,
        );
      case "refused":
        if (pushed.why === "not_found" && context.attempts <= 3) throw new InDoubt(pushed.reason);
        if (pushed.why !== "unauthorised") throw new Refused(pushed.reason);
        ports.github.forgetToken(token);
        throw new InDoubt(pushed.reason);
      case "doubt":
        throw new InDoubt("The push was cut off.", { cause: pushed.cause });
      default:
        return assertNever(pushed);
    }
  } finally {
    await ports.git.forget(ref);
  }
}
