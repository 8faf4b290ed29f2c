import { assertNever } from "../domain/decision.ts";
import { Refused } from "./failure.ts";
import { type Pushing, pushOnce, type Step } from "./pushing.ts";

/** Paths named in one sentence. */
const mostPaths = 5;

/**
 * The branch is neither where our work began nor at our commit. In a round over feedback people's commits are taken
 * in, by a merge that has to pass the gate too. Where both changed the same, nobody's work wins: ours is kept on a
 * branch of its own and a person is asked.
 *
 * @param now - where the branch is on the remote
 * @throws Refused with what a person has to know and do
 */
export async function mergeWithTheirs(pushing: Pushing, now: string): Promise<Step> {
  const { context, run, ref, headSha } = pushing;
  const { order, parent } = run;
  const isRound = order.purpose === "address_feedback";
  const merged = await context.ports.git.mergeOnto({
    ...ref,
    ours: headSha,
    theirs: now,
    // Only the branch of a pull request is shared with people. A first push has to find it free.
    startedFrom: isRound ? parent : undefined,
    message: `Merge what was pushed to ${order.branch} meanwhile\n\nBaton-Run: ${ref.runId}`,
  });
  switch (merged.kind) {
    case "contained":
      return { kind: "arrived", headSha: now };
    case "merged":
      await passGate(pushing, { now, tip: merged.headSha });
      return { kind: "push", headSha: merged.headSha, expected: now };
    case "conflict":
      return rescue(pushing, `what was pushed to it meanwhile changes the same lines${inPaths(merged.paths)}.`);
    case "rewritten":
      throw new Refused(isRound ? rewritten(order.branch) : taken(order.branch));
    default:
      return assertNever(merged);
  }
}

/**
 * What a merge brings to the branch is judged like any work: people may have moved a file that we changed to a place
 * that is protected. Secrets are not searched for again: each line the merge adds is a line of our commit, and that was
 * searched as a whole.
 */
async function passGate(pushing: Pushing, { now, tip }: { readonly now: string; readonly tip: string }): Promise<void> {
  const { context, run, ref } = pushing;
  const { protect } = run.order.policy;
  const verdict = await context.ports.git.judgeTree({ ...ref, baseSha: now, tip, protect, secrets: [] });
  if (verdict.kind === "accepted") return;
  const reasons = verdict.reasons.join(" ");
  await rescue(pushing, `together with what was pushed to it meanwhile it may not be published. ${reasons}`);
}

/** Finished work is not lost: it goes to a branch of its own, which must be free, or ours from an earlier try. */
async function rescue(pushing: Pushing, why: string): Promise<never> {
  const { order } = pushing.run;
  const { branch } = order;
  const refuge = `${branch}-rescue-${order.purpose === "address_feedback" ? order.round : 0}`;
  const kept = await pushOnce(pushing, { branch: refuge, headSha: pushing.headSha, expected: undefined });
  const what = `The agent's work is not on \`${branch}\`: ${why}`;
  if (kept === "there")
    throw new Refused(
      `${what} Its finished commit is on the branch \`${refuge}\`. Merge that into \`${branch}\` and settle the conflict, or delete it and let the agent begin again with \`/agent fix-review\`.`,
    );
  throw new Refused(
    `${what} It could not be put on a branch of its own either, because \`${refuge}\` is taken. Remove that branch and let the agent begin again with \`/agent fix-review\`.`,
  );
}

function rewritten(branch: string): string {
  return `The branch \`${branch}\` was rewritten while the agent worked. Nothing was pushed: what somebody took out of it stays out. \`/agent fix-review\` begins again from what is there now.`;
}

function taken(branch: string): string {
  return `The branch \`${branch}\` already exists and is not what we left there. Delete or rename it.`;
}

function inPaths(paths: readonly string[]): string {
  if (paths.length === 0) return "";
  const more = paths.length > mostPaths ? ` and ${paths.length - mostPaths} more` : "";
  return `: ${paths.slice(0, mostPaths).join(", ")}${more}`;
}
