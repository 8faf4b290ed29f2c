import { issueJson } from "../present/issue.ts";
import { labelJson } from "../present/label.ts";
import { pullJson } from "../present/pull.ts";
import type { Act, Edit, Issue, JsonObject, Pull, Repository, TimelineEvent } from "./model.ts";
import { invalid, notFound } from "./refusal.ts";
import { isPull, labelNamed, type World } from "./world.ts";

/** GitHub's limit for the texts of issues and comments, in characters. */
export const LONGEST_BODY = 65_536;

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels?: readonly string[];
}

/** Opens an issue; each label it starts with has its own webhook, as on GitHub. */
export function openIssue(repository: Repository, order: NewIssue & { readonly act: Act }): Issue {
  const { world } = repository;
  const issue = addIssue(repository, { ...order, pull: undefined });
  for (const name of order.labels ?? []) issue.labels.push(labelNamed(repository, name));
  tell(repository, issue, { act: order.act, action: "opened" });
  for (const label of issue.labels) {
    note(world, issue, { by: order.act.by, type: "labeled", label });
    tell(repository, issue, {
      act: order.act,
      action: "labeled",
      more: { label: labelJson(repository, label) },
    });
  }
  return issue;
}

/** Adds an issue or the issue half of a pull request to the world, telling nobody. */
export function addIssue(
  repository: Repository,
  order: NewIssue & { readonly act: Act; readonly pull: Pull | undefined },
): Issue {
  const { world } = repository;
  mustFit(order.body, "Issue");
  const now = world.now();
  const issue: Issue = {
    id: world.ids.next("issue"),
    number: repository.issues.length + 1,
    author: order.act.by,
    createdAt: now,
    title: order.title,
    body: order.body,
    state: "open",
    stateReason: null,
    updatedAt: now,
    closedAt: undefined,
    closedBy: undefined,
    labels: [],
    comments: [],
    reactions: [],
    timeline: [],
    edits: [],
    pull: order.pull,
  };
  repository.issues.push(issue);
  return issue;
}

/** Changes title or body and says what they were. Nothing happens when nothing differs. */
export function editIssue(
  repository: Repository,
  issue: Issue,
  change: { readonly act: Act; readonly title?: string | undefined; readonly body?: string | undefined },
): void {
  const { world } = repository;
  const { act, title = issue.title, body = issue.body } = change;
  mustFit(body, "Issue");
  const changes: JsonObject = {};
  if (title !== issue.title) {
    changes.title = { from: issue.title };
    note(world, issue, { by: act.by, type: "renamed", from: issue.title, to: title });
    issue.title = title;
  }
  if (body !== issue.body) {
    changes.body = { from: issue.body };
    noteEdit(world, issue, { act, body });
    issue.body = body;
  }
  if (Object.keys(changes).length === 0) return;
  issue.updatedAt = world.now();
  tell(repository, issue, { act, action: "edited", more: { changes } });
}

/** Puts a label on an issue; one that it has already changes nothing. */
export function addLabel(
  repository: Repository,
  issue: Issue,
  order: { readonly act: Act; readonly name: string },
): void {
  const { world } = repository;
  const label = labelNamed(repository, order.name);
  if (issue.labels.includes(label)) return;
  issue.labels.push(label);
  note(world, issue, { by: order.act.by, type: "labeled", label });
  tell(repository, issue, {
    act: order.act,
    action: "labeled",
    more: { label: labelJson(repository, label) },
  });
}

/** Takes a label off. @throws Refusal 404 when the issue does not have it */
export function removeLabel(
  repository: Repository,
  issue: Issue,
  order: { readonly act: Act; readonly name: string },
): void {
  const { world } = repository;
  const label = issue.labels.find((candidate) => candidate.name.toLowerCase() === order.name.toLowerCase());
  if (label === undefined) throw notFound();
  issue.labels = issue.labels.filter((candidate) => candidate !== label);
  note(world, issue, { by: order.act.by, type: "unlabeled", label });
  tell(repository, issue, {
    act: order.act,
    action: "unlabeled",
    more: { label: labelJson(repository, label) },
  });
}

/** Closes an issue or a pull request that is open. */
export function closeIssue(
  repository: Repository,
  issue: Issue,
  order: { readonly act: Act; readonly reason?: Issue["stateReason"] },
): void {
  const { world } = repository;
  if (issue.state === "closed") return;
  const reason = isPull(issue) ? null : (order.reason ?? "completed");
  issue.state = "closed";
  issue.stateReason = reason;
  issue.closedAt = world.now();
  issue.closedBy = order.act.by;
  note(world, issue, { by: order.act.by, type: "closed", reason });
  tell(repository, issue, { act: order.act, action: "closed" });
}

/** Opens it again. A merged pull request stays closed. @throws Refusal 422 */
export function reopenIssue(repository: Repository, issue: Issue, act: Act): void {
  const { world } = repository;
  if (issue.state === "open") return;
  if (issue.pull?.mergedAt !== undefined) throw invalid({ resource: "PullRequest", code: "invalid", field: "state" });
  issue.state = "open";
  issue.stateReason = isPull(issue) ? null : "reopened";
  issue.closedAt = undefined;
  issue.closedBy = undefined;
  note(world, issue, { by: act.by, type: "reopened" });
  tell(repository, issue, { act, action: "reopened" });
}

/** Sends the `issues` or the `pull_request` webhook, whichever the thing is. */
export function tell(
  repository: Repository,
  issue: Issue,
  news: { readonly act: Act; readonly action: string; readonly more?: JsonObject },
): void {
  const { world } = repository;
  const body = isPull(issue)
    ? { number: issue.number, pull_request: pullJson(repository, issue) }
    : { issue: issueJson(repository, issue) };
  world.announce({
    act: news.act,
    event: isPull(issue) ? "pull_request" : "issues",
    action: news.action,
    repository,
    installation: world.installationOf(repository),
    body: { ...body, ...news.more },
  });
}

/** Records a change of a text. The first one is preceded by a record of the writing, as on GitHub. */
export function noteEdit(
  world: World,
  written: Pick<Issue, "author" | "createdAt" | "body"> & { readonly edits: Edit[] },
  change: { readonly act: Act; readonly body: string },
): void {
  const { author, createdAt, body, edits } = written;
  if (edits.length === 0) edits.push({ id: world.ids.next("edit"), by: author, at: createdAt, text: body });
  edits.push({ id: world.ids.next("edit"), by: change.act.by, at: world.now(), text: change.body });
}

/** @throws Refusal 422 when GitHub would not take a text of that length */
export function mustFit(body: string, resource: string): void {
  if (body.length <= LONGEST_BODY) return;
  throw invalid({
    resource,
    code: "custom",
    field: "body",
    message: `body is too long (maximum is ${LONGEST_BODY} characters)`,
  });
}

type News = TimelineEvent extends infer E ? (E extends unknown ? Omit<E, "id" | "at"> : never) : never;

function note(world: World, issue: Issue, news: News): void {
  issue.updatedAt = world.now();
  issue.timeline.push({ id: world.ids.next("timeline"), at: world.now(), ...news } as TimelineEvent);
}
