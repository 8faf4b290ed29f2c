import type { Effect } from "../domain/effect.ts";
import { replyText } from "../render/ledger.ts";
import { marker } from "../render/marker.ts";
import type { Done, EffectContext } from "./effect-context.ts";
import { isFailure } from "./failure.ts";

/**
 * Answers in a thread, once per ledger row, whatever became of the answer to an earlier try. A thread that was opened
 * again without a word has the version it had: what tells its second answer from its first is the run.
 */
export async function replyInThread(
  effect: Effect & { type: "reply_in_thread" },
  context: EffectContext,
): Promise<Done> {
  const { task, at, ports, facts, outcome } = context;
  const { row, thread, number } = effect;
  const key = `answer:${row.item}:${row.version}:${row.run}`;
  if ((await facts.objectId(key)) !== undefined) return {};
  const mark = marker(task.id, key);
  const where = { pullRequest: number, ...thread };
  const found = outcome === "in_doubt" ? await ports.github.findReply(at, where, mark) : undefined;
  try {
    const id = found ?? (await ports.github.replyInThread(at, where, `${replyText(row)}\n\n${mark}`)).id;
    return { remember: { [key]: String(id) } };
  } catch (cause) {
    // Its first comment was deleted: there is nobody left to answer. A moment's blindness of GitHub is not that.
    if (isFailure(cause) && cause.code === "not_found" && context.attempts > 3) return {};
    throw cause;
  }
}
