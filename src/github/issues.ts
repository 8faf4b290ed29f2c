import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import { created, id } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { readIssueFacts } from "./issue-facts.ts";
import { ownerAndName } from "./place.ts";
import type { At, IssueFacts, Self } from "./types.ts";

/** `reviewComment` is a comment in a review thread. The body of a review takes no reactions. */
export type ReactionTarget =
  | { readonly issue: number }
  | { readonly comment: number }
  | { readonly reviewComment: number };
export type Reaction = "eyes" | "rocket" | "+1" | "-1" | "confused";

export interface IssueCalls {
  readIssue(at: At, number: number): Promise<IssueFacts>;
  react(at: At, target: ReactionTarget, content: Reaction): Promise<void>;
  findComment(at: At, issue: number, marker: string): Promise<number | undefined>;
  createComment(at: At, issue: number, body: string): Promise<{ readonly id: number }>;
  updateComment(at: At, comment: number, body: string): Promise<void>;
}

const commentsSchema = z.array(z.object({ id, body: z.string().nullish(), user: z.object({ id }).nullable() }));
export function createIssueCalls(gateway: Gateway, self: () => Promise<Self>): IssueCalls {
  return {
    readIssue: (at, number) => readIssueFacts(gateway, at, number),
    async react(at, target, content) {
      await gateway.write(at, reaction(at, target, content));
    },
    async findComment(at, issue, marker) {
      // Anybody can copy a marker into a comment of their own: only what our own account wrote counts.
      const { botUserId } = await self();
      const comments = await listComments(gateway, at, issue);
      return comments.find((each) => each.user?.id === botUserId && each.body?.includes(marker))?.id;
    },
    createComment: (at, issue_number, body) =>
      gateway.write(at, {
        name: "create comment",
        schema: created,
        send: (octokit) => octokit.rest.issues.createComment({ ...ownerAndName(at), issue_number, body }),
      }),
    async updateComment(at, comment_id, body) {
      await gateway.write(at, {
        name: "update comment",
        schema: created,
        send: (octokit) => octokit.rest.issues.updateComment({ ...ownerAndName(at), comment_id, body }),
      });
    },
  };
}

/** GitHub answers a repeated reaction with 200 and the existing one, so this needs no reading back. */
function reaction(at: At, target: ReactionTarget, content: Reaction) {
  const place = ownerAndName(at);
  if ("issue" in target) {
    const body = { ...place, issue_number: target.issue, content };
    return { name: "react", schema: created, send: (octokit: Octokit) => octokit.rest.reactions.createForIssue(body) };
  }
  if ("reviewComment" in target) {
    const body = { ...place, comment_id: target.reviewComment, content };
    const send = (octokit: Octokit) => octokit.rest.reactions.createForPullRequestReviewComment(body);
    return { name: "react", schema: created, send };
  }
  const body = { ...place, comment_id: target.comment, content };
  return {
    name: "react",
    schema: created,
    send: (octokit: Octokit) => octokit.rest.reactions.createForIssueComment(body),
  };
}

function listComments(gateway: Gateway, at: At, issue_number: number) {
  return gateway.readAll(at, {
    name: "list comments",
    maxPages: 100,
    schema: commentsSchema,
    send: (octokit, page) => octokit.rest.issues.listComments({ ...ownerAndName(at), issue_number, ...page }),
  });
}
