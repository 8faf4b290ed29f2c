import { marker } from "../render/marker.ts";
import { renderStatus } from "../render/status-comment.ts";
import type { Done, EffectContext } from "./effect-context.ts";
import { isFailure } from "./failure.ts";

/** Brings the one status comment up to date; writes nothing when nothing a person reads has changed. */
export async function refreshStatus(context: EffectContext): Promise<Done> {
  const { task, at, facts, ports } = context;
  const mark = marker(task.id, "status");
  const body = `${renderStatus(task, await facts.status())}\n\n${mark}`;
  const known = await facts.objectId("status");
  if (known !== undefined) {
    if ((await facts.objectId("status-body")) === body) return {};
    if (await updated(context, Number(known), body)) return { remember: { "status-body": body } };
  }
  const found = context.outcome === "in_doubt" ? await ports.github.findComment(at, task.issue, mark) : undefined;
  if (found !== undefined) await ports.github.updateComment(at, found, body);
  const id = found ?? (await ports.github.createComment(at, task.issue, body)).id;
  return { remember: { status: String(id), "status-body": body } };
}

/** False when somebody deleted the comment: then a new one is made. */
async function updated(context: EffectContext, id: number, body: string): Promise<boolean> {
  try {
    await context.ports.github.updateComment(context.at, id, body);
    return true;
  } catch (cause) {
    if (!isFailure(cause)) throw cause;
    if (cause.code === "gone") return false;
    // A comment of a moment ago may be missing where GitHub looks: a second one would stay for ever.
    if (cause.code === "not_found" && context.attempts >= believed) return false;
    throw cause;
  }
}

/** The try at which "not found" is believed, six seconds after the first. */
const believed = 3;
