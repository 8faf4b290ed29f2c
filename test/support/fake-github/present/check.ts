import { nodeId } from "../world/ids.ts";
import type { CheckRun, JsonObject, Repository, Status } from "../world/model.ts";
import { isPull, type World } from "../world/world.ts";
import { accountJson, apiUrl, iso, isoOrNull } from "./account.ts";
import { appJson } from "./app.ts";
import { repositoryJson, repositoryPage, repositoryUrl } from "./repository.ts";

export function checkRunJson(repository: Repository, run: CheckRun): JsonObject {
  const { world } = repository;
  const url = `${repositoryUrl(repository)}/check-runs/${run.id}`;
  const page = `${repositoryPage(repository)}/runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId("CR", run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion,
    started_at: iso(run.startedAt),
    completed_at: isoOrNull(run.completedAt),
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: 0,
      annotations_url: `${url}/annotations`,
    },
    name: run.name,
    check_suite: { id: run.suiteId },
    app: checkAppJson(world, run),
    pull_requests: pullsAt(repository, run.headSha),
  };
}

/** The same with the suite as webhooks show it. */
export function checkRunWebhookJson(repository: Repository, run: CheckRun): JsonObject {
  const { world } = repository;
  const branch = repository.issues.find((issue) => issue.pull?.headSha === run.headSha)?.pull?.headRef ?? null;
  return {
    ...checkRunJson(repository, run),
    check_suite: {
      id: run.suiteId,
      node_id: nodeId("CS", run.suiteId),
      head_branch: branch,
      head_sha: run.headSha,
      status: run.status,
      conclusion: run.conclusion,
      url: `${repositoryUrl(repository)}/check-suites/${run.suiteId}`,
      before: null,
      after: run.headSha,
      pull_requests: pullsAt(repository, run.headSha),
      app: checkAppJson(world, run),
      created_at: iso(run.startedAt),
      updated_at: iso(run.completedAt ?? run.startedAt),
    },
  };
}

export function statusJson(repository: Repository, status: Status): JsonObject {
  const { world } = repository;
  return {
    url: `${repositoryUrl(repository)}/statuses/${status.sha}`,
    avatar_url: `${world.origin}/avatars/u/${status.by.id}`,
    id: status.id,
    node_id: nodeId("SC", status.id),
    state: status.state,
    description: status.description,
    target_url: null,
    context: status.context,
    created_at: iso(status.createdAt),
    updated_at: iso(status.createdAt),
    creator: accountJson(world, status.by),
  };
}

/** All statuses of a commit as one word, newest of each context. */
export function combinedStatusJson(
  repository: Repository,
  place: { readonly sha: string; readonly statuses: readonly Status[] },
): JsonObject {
  const states = place.statuses.map((status) => status.state);
  const isFailed = states.includes("failure") || states.includes("error");
  const state = states.length === 0 || states.includes("pending") ? "pending" : "success";
  const url = `${repositoryUrl(repository)}/commits/${place.sha}`;
  return {
    state: isFailed ? "failure" : state,
    statuses: place.statuses.map((status) => statusJson(repository, status)),
    sha: place.sha,
    total_count: place.statuses.length,
    repository: repositoryJson(repository),
    commit_url: url,
    url: `${url}/status`,
  };
}

function checkAppJson(world: World, run: CheckRun): JsonObject {
  if (run.app.id === world.app.id) return appJson(world);
  const { id, slug } = run.app;
  return {
    ...appJson(world),
    id,
    slug,
    node_id: nodeId("A", id),
    name: slug,
    html_url: `${world.origin}/apps/${slug}`,
    permissions: { checks: "write" },
    events: [],
  };
}

function pullsAt(repository: Repository, sha: string): JsonObject[] {
  const { world } = repository;
  const short = { id: repository.id, url: repositoryUrl(repository), name: repository.name };
  return repository.issues.filter(isPull).flatMap(({ number, pull, state }) => {
    if (pull.headSha !== sha || state === "closed") return [];
    return [
      {
        id: pull.id,
        number,
        url: `${apiUrl(world)}/repos/${repository.owner.login}/${repository.name}/pulls/${number}`,
        head: { ref: pull.headRef, sha: pull.headSha, repo: short },
        base: { ref: pull.baseRef, sha: pull.baseSha, repo: short },
      },
    ];
  });
}
