import type { Effect } from "../domain/effect.ts";
import { checkSummary } from "../render/pull-request.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** The `baton` check on the pushed head: how this head was made and verified (product.md §2). */
export async function completeCheck(
  effect: Effect & { type: "complete_check" },
  context: EffectContext,
): Promise<Done> {
  const { at, ports } = context;
  const { report } = await context.facts.run(effect.run);
  const check = { name: "baton", externalId: effect.run };
  const found =
    context.outcome === "in_doubt" ? await ports.github.findCheck(at, { ...check, sha: effect.headSha }) : undefined;
  if (found !== undefined) return {};
  const status = report.verification.kind === "failed" ? "failure" : "success";
  await ports.github.createCheck(at, {
    ...check,
    headSha: effect.headSha,
    status,
    ...checkSummary({ report, run: effect.run }),
  });
  return {};
}
