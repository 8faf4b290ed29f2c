import type { Effect } from "../domain/effect.ts";
import type { Done, EffectContext } from "./effect-context.ts";
import { InDoubt, Refused } from "./failure.ts";
import { mergeWithTheirs } from "./merge-with-theirs.ts";
import { fetchBranch, type Pushing, pushOnce, type Step } from "./pushing.ts";

/** How often we follow a branch that moves under our hands before we let some time pass. */
const mostMoves = 3;

/**
 * Pushes the run's commit as a fast-forward with an exact lease. The bundle comes from the store, so any machine can
 * do it; a second try finds the branch where it should be and is content. What people pushed to the branch during a
 * round is merged with, never overwritten (product.md §4): the head that the event tells of is then the merge.
 */
export async function pushBranch(effect: Effect & { type: "push_branch" }, context: EffectContext): Promise<Done> {
  const { task, at, ports, facts } = context;
  const run = await facts.run(effect.run);
  const ref = { repositoryId: task.repository.id, runId: effect.run };
  const token = await ports.github.token(at, "push");
  const remote = { url: ports.github.cloneUrl(task.repository), token };
  try {
    const headSha = await follow({ context, run, ref, remote, headSha: effect.headSha });
    return { event: { type: "branch_pushed", at: ports.clock(), run: effect.run, headSha } };
  } finally {
    await ports.git.forget(ref);
  }
}

async function follow(pushing: Pushing): Promise<string> {
  const { branch } = pushing.run.order;
  for (let moves = 0; moves <= mostMoves; moves += 1) {
    const step = await nextStep(pushing);
    if (step.kind === "arrived") return step.headSha;
    const { headSha, expected } = step;
    if ((await pushOnce(pushing, { branch, headSha, expected })) === "there") return headSha;
  }
  throw new InDoubt("Somebody pushes to our branch all the time; we wait for a quieter moment.");
}

/** Looks where the branch is, and says what that means for our commit. */
async function nextStep(pushing: Pushing): Promise<Step> {
  const { run, headSha } = pushing;
  const { order, parent } = run;
  const now = await fetchBranch(pushing);
  if (now === headSha) return { kind: "arrived", headSha };
  if (now === parent) return { kind: "push", headSha, expected: parent };
  if (now !== undefined) return mergeWithTheirs(pushing, now);
  throw new Refused(`The branch \`${order.branch}\` is gone: somebody deleted it while the agent worked.`);
}
