import { type ChangedFile, changedFiles, commitsOf, patchOf } from "../git/history.ts";
import { accountJson } from "../present/account.ts";
import { commitJson } from "../present/commit.ts";
import { pullJson, pullSummaryJson } from "../present/pull.ts";
import { repositoryPage, repositoryUrl } from "../present/repository.ts";
import { closeIssue, editIssue, reopenIssue } from "../world/issues.ts";
import { inTurn } from "../world/lock.ts";
import { mergePull } from "../world/merge.ts";
import type { JsonObject, PullIssue } from "../world/model.ts";
import { changeBase, computeMergeability, openPull, requestReviewers } from "../world/pulls.ts";
import { Refusal } from "../world/refusal.ts";
import { isPull, pullOf } from "../world/world.ts";
import {
  created,
  numberParam,
  ok,
  page,
  type Reply,
  type RepositoryCall,
  type Route,
  textField,
  textsField,
} from "./route.ts";

const READ = [{ pull_requests: "read" }] as const;
const WRITE = [{ pull_requests: "write" }] as const;
const PULL = "/repos/{owner}/{repo}/pulls/{pull_number}";

/** Pull requests. */
export const pullRoutes: readonly Route[] = [
  { route: "GET /repos/{owner}/{repo}/pulls", for: "repository", needs: READ, answer: listPulls },
  { route: "POST /repos/{owner}/{repo}/pulls", for: "repository", needs: WRITE, answer: createPull },
  { route: `GET ${PULL}`, for: "repository", needs: READ, answer: getPull },
  { route: `PATCH ${PULL}`, for: "repository", needs: WRITE, answer: patchPull },
  { route: `GET ${PULL}/commits`, for: "repository", needs: READ, answer: listCommits },
  { route: `GET ${PULL}/files`, for: "repository", needs: READ, answer: listFiles },
  { route: `PUT ${PULL}/merge`, for: "repository", needs: [{ contents: "write" }], answer: merge },
  { route: `GET ${PULL}/requested_reviewers`, for: "repository", needs: READ, answer: reviewers },
  { route: `POST ${PULL}/requested_reviewers`, for: "repository", needs: WRITE, answer: request },
];

function pullIn(call: RepositoryCall): PullIssue {
  return pullOf(call.repository, numberParam(call, "pull_number"));
}

function listPulls(call: RepositoryCall): Reply {
  const { query, repository } = call;
  const state = query.get("state") ?? "open";
  const head = query.get("head");
  const base = query.get("base");
  const sign = query.get("direction") === "asc" ? 1 : -1;
  const shown = repository.issues
    .filter(isPull)
    .filter((issue) => state === "all" || issue.state === state)
    .filter(({ pull }) => head === null || !head.includes(":") || `${repository.owner.login}:${pull.headRef}` === head)
    .filter(({ pull }) => base === null || pull.baseRef === base)
    .sort((a, b) => sign * (a.number - b.number));
  return page(call, shown, (issue) => pullSummaryJson(repository, issue));
}

async function createPull(call: RepositoryCall): Promise<Reply> {
  const { repository, act, body } = call;
  const draft = body.draft === true;
  if (draft && call.world.settings.refusesDrafts)
    throw new Refusal(422, "Draft pull requests are not supported in this repository.");
  const order = {
    act,
    title: textField(body, "title") ?? "",
    body: textField(body, "body") ?? "",
    head: textField(body, "head") ?? "",
    base: textField(body, "base") ?? "",
    draft,
  };
  const issue = await inTurn(repository, () => openPull(repository, order));
  return created(pullJson(repository, issue));
}

/** The first answer after a change does not know yet whether the pull request can be merged; asking makes GitHub find out. */
async function getPull(call: RepositoryCall): Promise<Reply> {
  const issue = pullIn(call);
  const reply = ok(pullJson(call.repository, issue));
  await computeMergeability(call.repository, issue);
  return reply;
}

async function patchPull(call: RepositoryCall): Promise<Reply> {
  const { repository, act, body } = call;
  const issue = pullIn(call);
  editIssue(repository, issue, { act, title: textField(body, "title"), body: textField(body, "body") });
  const base = textField(body, "base");
  if (base !== undefined) await inTurn(repository, () => changeBase(repository, issue, { act, base }));
  if (body.state === "closed") closeIssue(repository, issue, { act });
  else if (body.state === "open") reopenIssue(repository, issue, act);
  return ok(pullJson(repository, issue));
}

async function listCommits(call: RepositoryCall): Promise<Reply> {
  const { pull } = pullIn(call);
  const commits = await commitsOf(call.repository.directory, `${pull.baseSha}..${pull.headSha}`);
  return page(call, commits.reverse(), (commit) => commitJson(call.repository, commit));
}

async function listFiles(call: RepositoryCall): Promise<Reply> {
  const { pull } = pullIn(call);
  const { directory } = call.repository;
  const files = await changedFiles(directory, pull.baseSha, pull.headSha);
  const shown = await Promise.all(
    files.map(async (file) => ({
      file,
      patch: await patchOf(directory, `${pull.baseSha}...${pull.headSha}`, file.path),
    })),
  );
  return page(call, shown, ({ file, patch }) => fileJson(call, { file, patch, headSha: pull.headSha }));
}

function fileJson(
  call: RepositoryCall,
  shown: { readonly file: ChangedFile; readonly patch: string | undefined; readonly headSha: string },
): JsonObject {
  const { file, patch, headSha } = shown;
  const html = repositoryPage(call.repository);
  const path = encodeURIComponent(file.path);
  return {
    sha: file.sha,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${html}/blob/${headSha}/${path}`,
    raw_url: `${html}/raw/${headSha}/${path}`,
    contents_url: `${repositoryUrl(call.repository)}/contents/${path}?ref=${headSha}`,
    ...(patch === undefined ? {} : { patch }),
    ...(file.previous === undefined ? {} : { previous_filename: file.previous }),
  };
}

async function merge(call: RepositoryCall): Promise<Reply> {
  const { repository, act, body } = call;
  const issue = pullIn(call);
  const method = textField(body, "merge_method") ?? "merge";
  if (method !== "merge" && method !== "squash") {
    call.world.problems.push(`the stand-in lacks the merge method ${method}`);
    throw new Refusal(501, `the stand-in lacks the merge method ${method}`);
  }
  const sha = await inTurn(repository, () =>
    mergePull(repository, issue, { act, method, sha: textField(body, "sha") }),
  );
  return ok({ sha, merged: true, message: "Pull Request successfully merged" });
}

function reviewers(call: RepositoryCall): Reply {
  const { requestedReviewers } = pullIn(call).pull;
  return ok({ users: requestedReviewers.map((account) => accountJson(call.world, account)), teams: [] });
}

function request(call: RepositoryCall): Reply {
  const { repository, act } = call;
  const issue = pullIn(call);
  requestReviewers(repository, issue, { act, logins: textsField(call.body, "reviewers") });
  return created(pullSummaryJson(repository, issue));
}
