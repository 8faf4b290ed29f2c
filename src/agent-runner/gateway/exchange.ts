import type { IncomingMessage, ServerResponse } from "node:http";
import { watchIdle } from "./idle-watch.ts";
import { passAnswer } from "./pass-answer.ts";
import { refuse } from "./refusal.ts";
import { readBody } from "./request-body.ts";
import type { Cut, ServedRun, Talk } from "./served-run.ts";

/** Serves one request of a run from its body to its end; what it came to is in the run's books. */
export async function exchange(
  run: ServedRun,
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
): Promise<void> {
  const cut = new AbortController();
  // Every other cut is first entered in the books and then told to the agent; a revoked run has nobody to tell.
  cut.signal.addEventListener("abort", () => {
    if (cut.signal.reason === "revoked") res.destroy();
  });
  res.on("close", () => {
    if (!res.writableFinished) cut.abort("left" satisfies Cut);
  });
  res.on("error", () => {});
  run.open.add(cut);
  try {
    await admit({ run, req, res, cut });
  } catch (error) {
    cut.abort("left" satisfies Cut);
    throw error;
  } finally {
    run.open.delete(cut);
  }
}

async function admit(talk: Talk): Promise<void> {
  const { run, req, res, cut } = talk;
  const read = await readBody(req, { api: run.order.provider.api, limits: run.limits, hold: run.hold });
  if (read.kind === "refused") return refuse(res, read.refusal);
  if (read.kind === "left") return;
  const { order } = read;
  const admitted = run.books.admit();
  if (admitted.kind === "refused") {
    order.release();
    return refuse(res, admitted.refusal);
  }
  const idle = watchIdle(run.order.idleMs, (who) => cut.abort((who === "provider" ? "silent" : "left") satisfies Cut));
  run.activity.inFlight += 1;
  try {
    await passAnswer({ ...talk, order, entry: admitted.entry, idle });
  } finally {
    run.activity.inFlight -= 1;
    idle.stop();
  }
}
