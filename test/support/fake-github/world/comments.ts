import { commentJson, issueJson } from "../present/issue.ts";
import { mustFit, noteEdit } from "./issues.ts";
import type { Act, Comment, Issue, JsonObject, Reaction, ReactionContent, Repository } from "./model.ts";
import { invalid } from "./refusal.ts";
import type { World } from "./world.ts";

/** Writes a comment. @throws Refusal 422 when it is empty or too long */
export function addComment(
  repository: Repository,
  issue: Issue,
  order: { readonly act: Act; readonly body: string },
): Comment {
  const { world } = repository;
  mustHaveText(order.body);
  const now = world.now();
  const comment: Comment = {
    id: world.ids.next("comment"),
    author: order.act.by,
    createdAt: now,
    body: order.body,
    updatedAt: now,
    reactions: [],
    edits: [],
    minimized: false,
    read: false,
  };
  issue.comments.push(comment);
  issue.updatedAt = now;
  tell(repository, issue, { act: order.act, action: "created", comment });
  return comment;
}

/** Changes a comment's text. The same text again is no edit. */
export function editComment(
  repository: Repository,
  issue: Issue,
  order: { readonly act: Act; readonly comment: Comment; readonly body: string },
): void {
  const { world } = repository;
  const { act, comment, body } = order;
  mustHaveText(body);
  if (comment.body === body) return;
  const changes = { body: { from: comment.body } };
  noteEdit(world, comment, { act, body });
  comment.body = body;
  comment.read = false;
  comment.updatedAt = world.now();
  issue.updatedAt = world.now();
  tell(repository, issue, { act, action: "edited", comment, more: { changes } });
}

/** Removes a comment for good. */
export function deleteComment(
  repository: Repository,
  issue: Issue,
  order: { readonly act: Act; readonly comment: Comment },
): void {
  const { world } = repository;
  issue.comments.splice(issue.comments.indexOf(order.comment), 1);
  issue.updatedAt = world.now();
  tell(repository, issue, { act: order.act, action: "deleted", comment: order.comment });
}

/** Adds a reaction to an issue or a comment. Nobody has the same one twice, and no webhook tells of it. */
export function react(
  world: World,
  to: Issue | Comment,
  order: { readonly act: Act; readonly content: ReactionContent },
): { readonly reaction: Reaction; readonly isNew: boolean } {
  const { act, content } = order;
  const known = to.reactions.find((reaction) => reaction.by === act.by && reaction.content === content);
  if (known !== undefined) return { reaction: known, isNew: false };
  const reaction: Reaction = { id: world.ids.next("reaction"), by: act.by, content, createdAt: world.now() };
  to.reactions.push(reaction);
  return { reaction, isNew: true };
}

function mustHaveText(body: string): void {
  if (body.trim() === "") throw invalid({ resource: "IssueComment", code: "missing_field", field: "body" });
  mustFit(body, "IssueComment");
}

function tell(
  repository: Repository,
  issue: Issue,
  news: { readonly act: Act; readonly action: string; readonly comment: Comment; readonly more?: JsonObject },
): void {
  const { world } = repository;
  world.announce({
    act: news.act,
    event: "issue_comment",
    action: news.action,
    repository,
    installation: world.installationOf(repository),
    body: {
      issue: issueJson(repository, issue),
      comment: commentJson(repository, { issue, comment: news.comment }),
      ...news.more,
    },
  });
}
