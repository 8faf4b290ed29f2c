import type { Effect } from "../domain/effect.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** Asks GitHub whether this person may start this, now; trouble with the API means waiting, never running (T06). */
export async function authorise(effect: Effect & { type: "authorise" }, context: EffectContext): Promise<Done> {
  const at = { ...context.at, issue: context.task.issue };
  return { event: await context.ports.authoriser.authorise(at, effect.trigger) };
}
