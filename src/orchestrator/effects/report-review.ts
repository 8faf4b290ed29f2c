import type { Effect } from "../domain/effect.ts";
import { reviewStateOf } from "../domain/review-state.ts";
import { type CheckReport, reviewCheck } from "../render/review-check.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** The `baton/review` check: the ledger on the head it is true of. One check per head, brought up to date in place. */
export async function reportReview(effect: Effect & { type: "report_review" }, context: EffectContext): Promise<Done> {
  const { task, at, ports, facts, outcome } = context;
  const { headSha } = effect;
  const key = `review-check:${headSha}`;
  const report = { ...reviewCheck(task.review, reviewStateOf(task)), headSha };
  const body = JSON.stringify(report);
  if ((await facts.objectId(`${key}:body`)) === body) return {};
  const open = { [openKey]: report.status === "in_progress" ? headSha : "" };
  await endElsewhere(report, context);
  const check = { name: "baton/review", externalId: `${task.id}:review` };
  const known = await facts.objectId(key);
  const found =
    known === undefined && outcome === "in_doubt"
      ? await ports.github.findCheck(at, { ...check, sha: headSha })
      : known && Number(known);
  if (found) {
    await ports.github.updateCheck(at, found, report);
    return { remember: { ...open, [key]: String(found), [`${key}:body`]: body } };
  }
  const { id } = await ports.github.createCheck(at, { ...check, ...report });
  return { remember: { ...open, [key]: String(id), [`${key}:body`]: body } };
}

/** Holds the head whose check has not ended; empty when there is none. */
const openKey = "review-check:open";

/** A round begins at one head and ends at another: the check of the first must not run for ever. */
async function endElsewhere(
  report: CheckReport & { readonly headSha: string },
  { at, ports, facts }: EffectContext,
): Promise<void> {
  const head = await facts.objectId(openKey);
  if (!head || head === report.headSha) return;
  const id = await facts.objectId(`review-check:${head}`);
  const ended = report.status === "in_progress" ? ("failure" as const) : report.status;
  if (id !== undefined) await ports.github.updateCheck(at, Number(id), { ...report, status: ended });
}
