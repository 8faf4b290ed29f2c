import type { RunOutcome, Verification } from "../domain/run.ts";
import type { Source } from "../run-ports.ts";
import { loweredLimits, type Work, workspaceOrder } from "./work.ts";

/** The repository's verify commands in a fresh clone of the exported tree (product.md §3.7). */
export async function verifyTree(
  work: Work,
  source: Source,
  attempt: number,
): Promise<Verification | { readonly kind: "ended"; readonly outcome: RunOutcome }> {
  const { policy } = work.run.order;
  if (policy.verify.run.length === 0) return { kind: "not_configured" };
  work.watch.onPhase("verifying");
  const order = {
    ...workspaceOrder(work, source),
    commands: policy.verify.run,
    minutes: loweredLimits(work.run).minutes,
  };
  const end = await work.ports.runner.verify(order, work.watch);
  switch (end.kind) {
    case "passed":
      return { kind: "passed", commands: policy.verify.run, tail: end.tail };
    case "failed":
      return { kind: "failed", command: end.command, tail: end.tail, attempts: attempt };
    case "setup_failed":
      return { kind: "failed", command: "setup", tail: end.detail, attempts: attempt };
    case "stopped":
      return { kind: "ended", outcome: { kind: "stopped" } };
  }
}
