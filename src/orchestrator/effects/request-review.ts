import type { Effect } from "../domain/effect.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** Asks the requester to review; that is how they hear of the pull request. Asking twice changes nothing. */
export async function requestReview(
  effect: Effect & { type: "request_review" },
  context: EffectContext,
): Promise<Done> {
  await context.ports.github.requestReview(context.at, effect.number, effect.login);
  return {};
}
