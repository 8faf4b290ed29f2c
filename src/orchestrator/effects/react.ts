import type { Effect } from "../domain/effect.ts";
import type { ReactionTarget } from "../ports.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** 👀 on the comment that asked, or on the status comment when a label asked. Idempotent by nature. */
export async function react(effect: Effect & { type: "react" }, context: EffectContext): Promise<Done> {
  await context.ports.github.react(context.at, await targetOf(effect, context), "eyes");
  return {};
}

async function targetOf(effect: Effect & { type: "react" }, context: EffectContext): Promise<ReactionTarget> {
  if (effect.to.kind === "comment" || effect.to.kind === "review_comment")
    return { kind: effect.to.kind, commentId: effect.to.commentId };
  const status = await context.facts.objectId("status");
  return status === undefined
    ? { kind: "issue", issue: context.task.issue }
    : { kind: "comment", commentId: Number(status) };
}
