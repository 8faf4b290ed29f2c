import { resolveRef } from "../git/history.ts";
import { checkRunWebhookJson } from "../present/check.ts";
import type { Account, CheckApp, CheckRun, Repository } from "./model.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** What a check run can be given. Undefined leaves it as it is. */
export interface CheckChange {
  readonly name?: string | undefined;
  readonly externalId?: string | undefined;
  readonly detailsUrl?: string | undefined;
  readonly status?: string | undefined;
  readonly conclusion?: string | undefined;
  readonly output?: { readonly title?: string; readonly summary?: string; readonly text?: string } | undefined;
}

/** The app as the owner of check runs. */
export function ownCheckApp(world: World): CheckApp {
  return { id: world.app.id, slug: world.app.slug, bot: world.bot };
}

/** Adds a check run to a commit. @throws Refusal 422 when the repository has no such commit */
export async function createCheckRun(
  repository: Repository,
  order: CheckChange & { readonly app: CheckApp; readonly headSha: string },
): Promise<CheckRun> {
  const { world } = repository;
  if ((await resolveRef(repository.directory, order.headSha)) !== order.headSha) {
    throw new Refusal(422, `No commit found for SHA: ${order.headSha}`);
  }
  const sibling = repository.checkRuns.find((run) => run.headSha === order.headSha && run.app.id === order.app.id);
  const run: CheckRun = {
    id: world.ids.next("checkRun"),
    suiteId: sibling?.suiteId ?? world.ids.next("checkSuite"),
    app: order.app,
    headSha: order.headSha,
    name: order.name ?? "",
    externalId: "",
    detailsUrl: undefined,
    status: "queued",
    conclusion: null,
    startedAt: world.now(),
    completedAt: undefined,
    title: null,
    summary: null,
    text: null,
  };
  repository.checkRuns.push(run);
  apply(world, run, order);
  tell(repository, run, "created");
  if (run.status === "completed") tell(repository, run, "completed");
  return run;
}

/** Changes a check run; the moment it becomes completed is told. */
export function updateCheckRun(
  repository: Repository,
  order: { readonly run: CheckRun; readonly change: CheckChange },
): void {
  const { world } = repository;
  const wasCompleted = order.run.status === "completed";
  apply(world, order.run, order.change);
  if (!wasCompleted && order.run.status === "completed") tell(repository, order.run, "completed");
}

function apply(world: World, run: CheckRun, change: CheckChange): void {
  run.name = change.name ?? run.name;
  run.externalId = change.externalId ?? run.externalId;
  run.detailsUrl = change.detailsUrl ?? run.detailsUrl;
  run.title = change.output?.title ?? run.title;
  run.summary = change.output?.summary ?? run.summary;
  run.text = change.output?.text ?? run.text;
  // A conclusion completes a check by itself; leaving "completed" takes the conclusion away.
  run.status = change.conclusion === undefined ? (change.status ?? run.status) : "completed";
  run.conclusion = run.status === "completed" ? (change.conclusion ?? run.conclusion) : null;
  run.completedAt = run.status === "completed" ? (run.completedAt ?? world.now()) : undefined;
}

function tell(repository: Repository, run: CheckRun, action: string): void {
  const { world } = repository;
  const by: Account = run.app.bot;
  world.announce({
    act: { by, silent: false },
    event: "check_run",
    action,
    repository,
    installation: world.installationOf(repository),
    body: { check_run: checkRunWebhookJson(repository, run) },
  });
}
