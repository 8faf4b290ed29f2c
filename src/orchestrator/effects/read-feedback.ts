import type { Effect } from "../domain/effect.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/**
 * Reads our pull request with everything people and bots wrote on it, and tells the task. Permission and policy are read
 * with it, so that what starts a round is true at that moment (security.md T06, T39).
 */
export async function readFeedback(effect: Effect & { type: "read_feedback" }, context: EffectContext): Promise<Done> {
  const { task, at, ports, facts } = context;
  const { number, asked } = effect;
  const snapshot = await facts.lastSnapshot();
  if (task.pullRequest.kind !== "open" || task.pullRequest.number !== number || !snapshot) return {};
  const read = await ports.reviewer.read(at, {
    number,
    branch: task.branch ?? "",
    admitted: task.review.admitted,
    snapshot,
    guidance: asked?.guidance ?? "",
  });
  const now = ports.clock();
  switch (read.kind) {
    case "read":
      return { event: { type: "feedback_read", at: now, reading: read.reading, asked } };
    case "refused":
      return { event: { type: "feedback_unread", at: now, number, refusal: read.refusal, asked } };
    case "not_open":
      return {};
  }
}
