import { checkRunJson, combinedStatusJson, statusJson } from "../present/check.ts";
import { type CheckChange, createCheckRun, ownCheckApp, updateCheckRun } from "../world/checks.ts";
import type { CheckRun, JsonObject, Status } from "../world/model.ts";
import { notAccessible, notFound } from "../world/refusal.ts";
import { commitAt } from "./contents.ts";
import {
  countedPage,
  created,
  numberParam,
  ok,
  page,
  type Reply,
  type RepositoryCall,
  type Route,
  textField,
} from "./route.ts";

const READ = [{ checks: "read" }] as const;
const WRITE = [{ checks: "write" }] as const;

/** Check runs and commit statuses. */
export const checkRoutes: readonly Route[] = [
  { route: "POST /repos/{owner}/{repo}/check-runs", for: "repository", needs: WRITE, answer: create },
  {
    route: "GET /repos/{owner}/{repo}/check-runs/{check_run_id}",
    for: "repository",
    needs: READ,
    answer: (call) => ok(checkRunJson(call.repository, runIn(call))),
  },
  { route: "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", for: "repository", needs: WRITE, answer: update },
  { route: "GET /repos/{owner}/{repo}/commits/{ref}/check-runs", for: "repository", needs: READ, answer: listRuns },
  {
    route: "GET /repos/{owner}/{repo}/commits/{ref}/status",
    for: "repository",
    needs: [{ statuses: "read" }],
    answer: combined,
  },
  {
    route: "GET /repos/{owner}/{repo}/commits/{ref}/statuses",
    for: "repository",
    needs: [{ statuses: "read" }],
    answer: listStatuses,
  },
];

function runIn(call: RepositoryCall): CheckRun {
  const id = numberParam(call, "check_run_id");
  const run = call.repository.checkRuns.find((candidate) => candidate.id === id);
  if (run === undefined) throw notFound();
  return run;
}

async function create(call: RepositoryCall): Promise<Reply> {
  const { repository, body } = call;
  const order = { ...changeIn(body), app: ownCheckApp(call.world), headSha: textField(body, "head_sha") ?? "" };
  const run = await createCheckRun(repository, order);
  return created(checkRunJson(repository, run));
}

function update(call: RepositoryCall): Reply {
  const run = runIn(call);
  // An app may change its own runs only.
  if (run.app.id !== call.world.app.id) throw notAccessible();
  updateCheckRun(call.repository, { run, change: changeIn(call.body) });
  return ok(checkRunJson(call.repository, run));
}

function changeIn(body: JsonObject): CheckChange {
  return {
    name: textField(body, "name"),
    externalId: textField(body, "external_id"),
    detailsUrl: textField(body, "details_url"),
    status: textField(body, "status"),
    conclusion: textField(body, "conclusion"),
    output: body.output as CheckChange["output"],
  };
}

async function listRuns(call: RepositoryCall): Promise<Reply> {
  const { sha } = await commitAt(call, call.params.ref ?? "");
  const { query } = call;
  const matches = (name: string, value: string): boolean => query.get(name) === null || query.get(name) === value;
  const all = call.repository.checkRuns
    .filter((run) => run.headSha === sha && matches("check_name", run.name))
    .filter((run) => matches("status", run.status) && matches("app_id", String(run.app.id)))
    .reverse();
  // Of runs with one name in one suite only the newest counts, unless all are asked for.
  const isNewest = (run: CheckRun): boolean =>
    all.find((one) => one.name === run.name && one.suiteId === run.suiteId) === run;
  const items = query.get("filter") === "all" ? all : all.filter(isNewest);
  return countedPage(call, { name: "check_runs", items }, (run) => checkRunJson(call.repository, run));
}

async function combined(call: RepositoryCall): Promise<Reply> {
  const { sha } = await commitAt(call, call.params.ref ?? "");
  const newest = new Map<string, Status>();
  for (const status of statusesOf(call, sha)) if (!newest.has(status.context)) newest.set(status.context, status);
  return ok(combinedStatusJson(call.repository, { sha, statuses: [...newest.values()] }));
}

async function listStatuses(call: RepositoryCall): Promise<Reply> {
  const { sha } = await commitAt(call, call.params.ref ?? "");
  return page(call, statusesOf(call, sha), (status) => statusJson(call.repository, status));
}

function statusesOf(call: RepositoryCall, sha: string): Status[] {
  return call.repository.statuses.filter((status) => status.sha === sha).reverse();
}
