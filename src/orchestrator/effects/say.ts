import type { Effect } from "../domain/effect.ts";
import { marker } from "../render/marker.ts";
import { renderMessage } from "../render/messages.ts";
import { withNextStep } from "../render/next-step.ts";
import type { Done, EffectContext } from "./effect-context.ts";

/** Posts a new comment, once per key, whatever happens to the answer of an earlier try. */
export async function say(effect: Effect & { type: "say" }, context: EffectContext): Promise<Done> {
  const { task, at, ports, facts } = context;
  const key = `comment:${effect.key}`;
  if ((await facts.objectId(key)) !== undefined) {
    const { about } = effect;
    if (about?.kind === "comment" || about?.kind === "review_comment")
      await ports.github.react(at, { kind: about.kind, commentId: about.commentId }, "confused");
    return {};
  }
  const thread = effect.on ?? (effect.about && effect.about.kind !== "label" ? effect.about.thread : task.issue);
  const mark = marker(task.id, effect.key);
  const found = context.outcome === "in_doubt" ? await ports.github.findComment(at, thread, mark) : undefined;
  const body = `${withNextStep(renderMessage(effect.message, ports.commands), task)}\n\n${mark}`;
  const id = found ?? (await ports.github.createComment(at, thread, body)).id;
  return { remember: { [key]: String(id) } };
}
