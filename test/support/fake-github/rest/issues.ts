import { fullIssueJson, issueJson } from "../present/issue.ts";
import { labelJson } from "../present/label.ts";
import { collaboratorJson } from "../present/repository.ts";
import { authorise, type Needs } from "../server/auth.ts";
import { addLabel, closeIssue, editIssue, removeLabel, reopenIssue } from "../world/issues.ts";
import type { Issue, Json } from "../world/model.ts";
import { Refusal } from "../world/refusal.ts";
import { isPull, issueOf } from "../world/world.ts";
import { knownAccount } from "./app.ts";
import { numberParam, ok, page, type Reply, type RepositoryCall, type Route, textField, textsField } from "./route.ts";

/** What is common to issues and pull requests can be reached with the permission for either. */
export const READ: Needs = [{ issues: "read" }, { pull_requests: "read" }];
export const WRITE: Needs = [{ issues: "write" }, { pull_requests: "write" }];

/** Issues, their labels, and who may do what. */
export const issueRoutes: readonly Route[] = [
  {
    route: "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    for: "repository",
    needs: [{ metadata: "read" }],
    answer: permission,
  },
  { route: "GET /repos/{owner}/{repo}/issues", for: "repository", needs: READ, answer: listIssues },
  {
    route: "GET /repos/{owner}/{repo}/issues/{issue_number}",
    for: "repository",
    needs: READ,
    answer: (call) => ok(fullIssueJson(call.repository, issueIn(call))),
  },
  { route: "PATCH /repos/{owner}/{repo}/issues/{issue_number}", for: "repository", needs: WRITE, answer: patchIssue },
  {
    route: "GET /repos/{owner}/{repo}/issues/{issue_number}/labels",
    for: "repository",
    needs: READ,
    answer: (call) => page(call, issueIn(call).labels, (label) => labelJson(call.repository, label)),
  },
  {
    route: "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
    for: "repository",
    needs: WRITE,
    answer: addLabels,
  },
  {
    route: "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
    for: "repository",
    needs: WRITE,
    answer: removeOneLabel,
  },
];

/** The issue a request is about, if the token has the permission for what it is: issue or pull request. */
export function issueIn(call: RepositoryCall): Issue {
  const issue = issueOf(call.repository, numberParam(call, "issue_number"));
  mustReach(call, issue);
  return issue;
}

/** @throws Refusal 403 when the token is for pull requests only and this is an issue */
export function mustReach(call: RepositoryCall, issue: Issue): void {
  if (!isPull(issue))
    authorise(call.caller, call.repository, [{ issues: call.params.$access === "write" ? "write" : "read" }]);
}

function permission({ repository, params }: RepositoryCall): Reply {
  const login = params.username ?? "";
  const account = knownAccount(repository.world, login);
  if (account.type !== "User") throw new Refusal(404, `${login} is not a user`);
  return ok(collaboratorJson(repository, account));
}

function listIssues(call: RepositoryCall): Reply {
  const { query, repository } = call;
  const state = query.get("state") ?? "open";
  const labels = (query.get("labels") ?? "")
    .toLowerCase()
    .split(",")
    .filter((name) => name !== "");
  const since = Date.parse(query.get("since") ?? "1970-01-01T00:00:00Z");
  const key = ({ updated: "updatedAt", comments: "number" } as const)[query.get("sort") ?? ""] ?? "createdAt";
  const sign = query.get("direction") === "asc" ? 1 : -1;
  const shown = repository.issues
    .filter((issue) => state === "all" || issue.state === state)
    .filter((issue) => labels.every((name) => issue.labels.some((label) => label.name.toLowerCase() === name)))
    .filter((issue) => issue.updatedAt >= since)
    .filter(
      (issue) =>
        call.caller.kind !== "installation" || isPull(issue) || call.caller.token.permissions.issues !== undefined,
    )
    .sort((a, b) => sign * (a[key] - b[key] || a.number - b.number));
  return page(call, shown, (issue) => issueJson(repository, issue));
}

function patchIssue(call: RepositoryCall): Reply {
  const { repository, act, body } = call;
  const issue = issueIn(call);
  editIssue(repository, issue, { act, title: textField(body, "title"), body: textField(body, "body") });
  if (body.state === "closed") {
    closeIssue(repository, issue, {
      act,
      reason: body.state_reason === "not_planned" ? "not_planned" : "completed",
    });
  } else if (body.state === "open") reopenIssue(repository, issue, act);
  return ok(fullIssueJson(repository, issue));
}

function addLabels(call: RepositoryCall): Reply {
  const { repository, act } = call;
  const issue = issueIn(call);
  const names = Array.isArray(call.body)
    ? textsField({ labels: call.body as Json }, "labels")
    : textsField(call.body, "labels");
  for (const name of names) addLabel(repository, issue, { act, name });
  return ok(issue.labels.map((label) => labelJson(repository, label)));
}

function removeOneLabel(call: RepositoryCall): Reply {
  const { repository, act } = call;
  const issue = issueIn(call);
  const name = call.params.name ?? "";
  if (!issue.labels.some((label) => label.name.toLowerCase() === name.toLowerCase()))
    throw new Refusal(404, "Label does not exist");
  removeLabel(repository, issue, { act, name });
  return ok(issue.labels.map((label) => labelJson(repository, label)));
}
