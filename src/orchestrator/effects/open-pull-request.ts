import type { Effect } from "../domain/effect.ts";
import type { Task } from "../domain/task.ts";
import type { FoundPullRequest } from "../ports.ts";
import { pullRequestBody, pullRequestTitle } from "../render/pull-request.ts";
import type { Done, EffectContext, PublishableRun } from "./effect-context.ts";
import { InDoubt, isFailure, Refused } from "./failure.ts";

type Open = Effect & { type: "open_pull_request" };

/** Opens the pull request for the pushed branch, or adopts ours when an earlier try had made it (T10). */
export async function openPullRequest(effect: Open, context: EffectContext): Promise<Done> {
  const run = await context.facts.run(effect.run);
  const existing = context.outcome === "in_doubt" ? await findOurs(effect, context, run) : undefined;
  const pull = existing ?? (await create(effect, context, run));
  const event = {
    type: "pull_request_opened",
    at: context.ports.clock(),
    run: effect.run,
    number: pull.number,
    headSha: effect.headSha,
    draft: pull.draft,
  } as const;
  return { event, remember: { [`pull-request:${context.task.generation}`]: String(pull.number) } };
}

async function create(
  effect: Open,
  context: EffectContext,
  run: PublishableRun,
): Promise<{ number: number; draft: boolean }> {
  const wantsDraft = run.order.policy.pullRequest.draft || run.report.verification.kind === "failed";
  try {
    return await request(context, run, { effect, draft: wantsDraft ? "draft" : "ready" });
  } catch (cause) {
    if (!isFailure(cause)) throw cause;
    if (cause.code === "exists") return adopted({ effect, context, run, cause });
    if (cause.reason === "drafts_unsupported") return request(context, run, { effect, draft: "draft_refused" });
    throw cause;
  }
}

/** GitHub says that there is one. It may take a moment until it shows it, or shows it with the head we pushed. */
async function adopted(found: {
  readonly effect: Open;
  readonly context: EffectContext;
  readonly run: PublishableRun;
  readonly cause: Error;
}): Promise<FoundPullRequest> {
  const { effect, context, run, cause } = found;
  const ours = await findOurs(effect, context, run);
  if (ours) return ours;
  const said = `Another pull request already uses the branch \`${run.order.branch}\`.`;
  throw context.attempts <= 3 ? new InDoubt(said, { cause }) : new Refused(said, { cause });
}

async function request(
  context: EffectContext,
  run: PublishableRun,
  how: { readonly effect: Open; readonly draft: "draft" | "ready" | "draft_refused" },
): Promise<{ number: number; draft: boolean }> {
  const facts = {
    ...pullRequestFacts(context.task, how.effect.run, run),
    draftRefused: how.draft === "draft_refused" ? ("yes" as const) : ("no" as const),
  };
  return context.ports.github.createPullRequest(context.at, {
    title: pullRequestTitle(facts),
    body: pullRequestBody(facts),
    head: run.order.branch,
    base: run.order.policy.base,
    draft: how.draft === "draft",
  });
}

function pullRequestFacts(task: Task, run: string, made: PublishableRun) {
  return { issue: task.issue, run, order: made.order, report: made.report };
}

/** A pull request found by its branch is ours only when its head is the sha we pushed. */
async function findOurs(
  effect: Open,
  context: EffectContext,
  run: PublishableRun,
): Promise<FoundPullRequest | undefined> {
  const found = await context.ports.github.findPullRequest(context.at, run.order.branch);
  return found?.headSha === effect.headSha ? found : undefined;
}
