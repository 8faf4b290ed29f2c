import type { Effect } from "../domain/effect.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** Marks a thread as settled. Doing it twice changes nothing; being refused is said once. */
export async function resolveThread(
  effect: Effect & { type: "resolve_thread" },
  { at, ports }: EffectContext,
): Promise<Done> {
  const done = await ports.github.resolveThread(at, effect.thread.nodeId);
  if (done !== "refused") return {};
  const reason = "Resource not accessible by integration";
  return { event: { type: "resolution_refused", at: ports.clock(), reason } };
}
