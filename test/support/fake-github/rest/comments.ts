import { commentJson } from "../present/issue.ts";
import { reactionJson } from "../present/label.ts";
import { addComment, deleteComment, editComment, react } from "../world/comments.ts";
import { type Comment, type Issue, REACTIONS, type ReactionContent } from "../world/model.ts";
import { invalid, notAccessible, notFound } from "../world/refusal.ts";
import { commentOf } from "../world/world.ts";
import { issueIn, mustReach, READ, WRITE } from "./issues.ts";
import {
  created,
  NOTHING,
  numberParam,
  ok,
  page,
  type Reply,
  type RepositoryCall,
  type Route,
  textField,
} from "./route.ts";

/** Comments on issues and pull requests, and reactions to both. */
export const commentRoutes: readonly Route[] = [
  {
    route: "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    for: "repository",
    needs: READ,
    answer: listComments,
  },
  {
    route: "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
    for: "repository",
    needs: WRITE,
    answer: createComment,
  },
  { route: "GET /repos/{owner}/{repo}/issues/comments", for: "repository", needs: READ, answer: listAllComments },
  {
    route: "GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
    for: "repository",
    needs: READ,
    answer: (call) => ok(commentJson(call.repository, commentIn(call))),
  },
  {
    route: "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
    for: "repository",
    needs: WRITE,
    answer: patchComment,
  },
  {
    route: "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
    for: "repository",
    needs: WRITE,
    answer: removeComment,
  },
  {
    route: "GET /repos/{owner}/{repo}/issues/{issue_number}/reactions",
    for: "repository",
    needs: READ,
    answer: (call) => listReactions(call, issueIn(call)),
  },
  {
    route: "POST /repos/{owner}/{repo}/issues/{issue_number}/reactions",
    for: "repository",
    needs: WRITE,
    answer: (call) => addReaction(call, issueIn(call)),
  },
  {
    route: "DELETE /repos/{owner}/{repo}/issues/{issue_number}/reactions/{reaction_id}",
    for: "repository",
    needs: WRITE,
    answer: (call) => removeReaction(call, issueIn(call)),
  },
  {
    route: "GET /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    for: "repository",
    needs: READ,
    answer: (call) => listReactions(call, commentIn(call).comment),
  },
  {
    route: "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    for: "repository",
    needs: WRITE,
    answer: (call) => addReaction(call, commentIn(call).comment),
  },
  {
    route: "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions/{reaction_id}",
    for: "repository",
    needs: WRITE,
    answer: (call) => removeReaction(call, commentIn(call).comment),
  },
];

interface Place {
  readonly issue: Issue;
  readonly comment: Comment;
}

function commentIn(call: RepositoryCall): Place {
  const place = commentOf(call.repository, numberParam(call, "comment_id"));
  mustReach(call, place.issue);
  return place;
}

function listComments(call: RepositoryCall): Reply {
  const issue = issueIn(call);
  return pageOfComments(
    call,
    issue.comments.map((comment) => ({ issue, comment })),
  );
}

function listAllComments(call: RepositoryCall): Reply {
  const sign = call.query.get("direction") === "desc" && call.query.has("sort") ? -1 : 1;
  const key = call.query.get("sort") === "updated" ? "updatedAt" : "createdAt";
  const places = call.repository.issues.flatMap((issue) => issue.comments.map((comment) => ({ issue, comment })));
  return pageOfComments(
    call,
    places.sort((a, b) => sign * (a.comment[key] - b.comment[key] || a.comment.id - b.comment.id)),
  );
}

function pageOfComments(call: RepositoryCall, places: readonly Place[]): Reply {
  const since = Date.parse(call.query.get("since") ?? "1970-01-01T00:00:00Z");
  const shown = places.filter((place) => place.comment.updatedAt >= since);
  return page(call, shown, (place) => commentJson(call.repository, place));
}

function createComment(call: RepositoryCall): Reply {
  const { repository, act } = call;
  const issue = issueIn(call);
  const comment = addComment(repository, issue, { act, body: textField(call.body, "body") ?? "" });
  return created(commentJson(repository, { issue, comment }));
}

function patchComment(call: RepositoryCall): Reply {
  const place = commentIn(call);
  const { repository, act } = call;
  editComment(repository, place.issue, {
    act,
    comment: place.comment,
    body: textField(call.body, "body") ?? "",
  });
  return ok(commentJson(repository, place));
}

function removeComment(call: RepositoryCall): Reply {
  const { issue, comment } = commentIn(call);
  deleteComment(call.repository, issue, { act: call.act, comment });
  return NOTHING;
}

/** A page of the reactions to something. */
export function listReactions(call: RepositoryCall, to: Issue | Comment): Reply {
  const content = call.query.get("content");
  const shown = to.reactions.filter((reaction) => content === null || reaction.content === content);
  return page(call, shown, (reaction) => reactionJson(call.world, reaction));
}

/** Adds the app's reaction: 201 when it is new, 200 when it was there. */
export function addReaction(call: RepositoryCall, to: Issue | Comment): Reply {
  const content = REACTIONS.find((candidate): candidate is ReactionContent => candidate === call.body.content);
  if (content === undefined) throw invalid({ resource: "Reaction", code: "invalid", field: "content" });
  const { reaction, isNew } = react(call.world, to, { act: call.act, content });
  const json = reactionJson(call.world, reaction);
  return isNew ? created(json) : ok(json);
}

function removeReaction(call: RepositoryCall, to: Issue | Comment): Reply {
  const id = numberParam(call, "reaction_id");
  const index = to.reactions.findIndex((reaction) => reaction.id === id);
  if (index === -1) throw notFound();
  if (to.reactions[index]?.by !== call.act.by) throw notAccessible();
  to.reactions.splice(index, 1);
  return NOTHING;
}
