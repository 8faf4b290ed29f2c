import { randomBytes } from "node:crypto";
import { renderFeedbackPrompt, renderImplementPrompt } from "./agent-runner/index.ts";
import type { Config } from "./config.ts";
import type { Actor, At, GitHub as GitHubAdapter, PullRequestFeedback } from "./github/index.ts";
import { type PolicyAnswer, readLabel, refusePolicy } from "./handlers/authorize.ts";
import { parseComment } from "./handlers/command.ts";
import type { FamilyContext } from "./handlers/facts.ts";
import { commentCreated } from "./handlers/issue-comment.ts";
import { withGuidance } from "./handlers/snapshot.ts";
import type { Event } from "./orchestrator/domain/event.ts";
import type { GitHub, Place, ReactionTarget } from "./orchestrator/ports.ts";
import type { ChangedComment, CommentedThread, WebhookWords } from "./orchestrator/reconcile-ports.ts";
import type { PromptParts } from "./orchestrator/run-ports.ts";
import { defaultPolicy, parsePolicy, policyPath } from "./policy-file.ts";
import { createReviewReader, type RawPullRequest } from "./review-watch/read-pull-request.ts";
import { allowedHosts } from "./run-settings.ts";

/** Where two parts were cut to their own measure, the pieces that join them. Used by `app.ts` only. */

/** The adapter as the orchestrator asks for it. */
export function githubPort(adapter: GitHubAdapter): GitHub {
  return {
    ...adapter,
    token: (at, purpose) => adapter.token(at.repository, at.installationId, purpose),
    react: (at, target, content) => adapter.react(at, reactionTarget(target), content),
    createCheck: (at, { status, ...check }) => adapter.createCheck(at, { ...check, conclusion: status }),
    updateCheck: (at, id, { status, ...report }) => adapter.updateCheck(at, id, { ...report, conclusion: status }),
    findCheck: async (at, { sha, ...key }) => (await adapter.findCheck(at, sha, key))?.id,
  };
}

function reactionTarget(target: ReactionTarget) {
  if (target.kind === "issue") return { issue: target.issue };
  return target.kind === "comment" ? { comment: target.commentId } : { reviewComment: target.commentId };
}

/** A pull request as the adapter reads it, in the words of the review watch. */
function rawPullRequest(found: PullRequestFeedback): RawPullRequest {
  const { open, draft, headRef, headSha, headRepositoryId, reviews, threads, comments } = found;
  const mayPush = new Map<number, boolean>();
  const note = (author: Actor | undefined, may: boolean | undefined) => {
    if (author && may !== undefined) mayPush.set(author.id, may);
  };
  for (const { author, authorMayPush } of reviews) note(author, authorMayPush);
  for (const thread of threads) for (const { author, authorMayPush } of thread.comments) note(author, authorMayPush);
  return { open, draft, headRef, headSha, headRepositoryId, reviews, threads, comments, mayPush };
}

/** Reads feedback with everything that decides what of it counts. */
export function reviewReader(
  adapter: GitHubAdapter,
  readPolicy: ReturnType<typeof policyReader>,
  ourselves: { readonly botUserId: number; readonly slug: string },
) {
  return createReviewReader({
    readPullRequest: async (at, number) => rawPullRequest(await adapter.readFeedback(at, number)),
    async readPolicy(at) {
      const answer = await readPolicy(at);
      return answer.kind === "ok" ? answer : { kind: "refused", refusal: refusePolicy(answer) };
    },
    mayPush: async (at, account) => (await adapter.permissionOf(at, account)).mayPush,
    isCommand: (body) => parseComment(body).kind !== "none",
    withGuidance,
    ourselves,
  });
}

/** A prompt whose fence nobody can guess (security.md T14). */
export function renderPrompt({ instructions, round, ...parts }: PromptParts): string {
  const fence = `=====${randomBytes(16).toString("hex")}=====`;
  const common = { ...parts, baseInstructions: instructions, fence };
  return round ? renderFeedbackPrompt({ ...common, round }) : renderImplementPrompt(common);
}

/** A repository's policy, read live from its default branch and checked against the operator's bounds. */
export function policyReader(adapter: GitHubAdapter, config: Config) {
  return async (at: At): Promise<PolicyAnswer> => {
    const file = await adapter.readPolicyFile(at);
    const bounds = { defaultBranch: file.branch, allowedHosts: allowedHosts(config, at.repository) };
    if (file.kind === "absent") return { kind: "ok", policy: defaultPolicy(bounds) };
    const bad = (problems: readonly string[]): PolicyAnswer => ({ kind: "bad_config", file: policyPath, problems });
    if (file.kind === "not_a_file") return bad(["it is not a file"]);
    if (file.kind === "too_large") return bad([`it has ${file.bytes} bytes; a policy is a page`]);
    const read = parsePolicy(file.text, bounds);
    return read.kind === "ok" ? { kind: "ok", policy: read.value } : bad(read.problems);
  };
}

/** How webhooks are understood, for the reconciler: the families themselves read what no webhook told of. */
export function webhookWords(readPolicy: ReturnType<typeof policyReader>, context: FamilyContext): WebhookWords {
  return {
    async triggerLabels(at) {
      const answer = await readPolicy(at);
      return (label) => readLabel(label, answer) !== "not_ours";
    },
    async readComment(at, comment, thread) {
      const payload = commentPayload(at, comment, thread);
      const fact = await commentCreated(payload, context);
      if (!fact) return undefined;
      const delivery = {
        id: `reconcile-comment-${comment.id}`,
        event: "issue_comment",
        action: "created",
        installationId: at.installationId,
        semanticKey: fact.semanticKey,
        body: Buffer.from(JSON.stringify(payload)),
      };
      return { ...fact, event: asOf(fact.event, thread.updatedAt), delivery };
    },
  };
}

/** The fields of `issue_comment.created` that its family reads. Who wrote a comment is who sent its webhook. */
function commentPayload(at: Place, comment: ChangedComment, thread: CommentedThread): object {
  const { repository, installationId } = at;
  const isoOf = (milliseconds: number) => new Date(milliseconds).toISOString();
  return {
    action: "created",
    repository: { id: repository.id, name: repository.name, owner: { login: repository.owner } },
    installation: { id: installationId },
    sender: comment.author ?? null,
    issue: {
      id: comment.thread,
      number: comment.thread,
      title: thread.title,
      body: thread.body,
      updated_at: isoOf(thread.updatedAt),
      pull_request: thread.isPullRequest ? {} : null,
    },
    comment: {
      id: comment.id,
      body: comment.body,
      created_at: isoOf(comment.createdAt),
      updated_at: isoOf(comment.updatedAt),
      performed_via_github_app: comment.appId === undefined ? null : { id: comment.appId },
    },
  };
}

/** The issue's text was read now, not frozen when the comment was written: the authorisation must know. */
function asOf(event: Event, at: number): Event {
  if (event.type !== "trigger_received") return event;
  const { trigger } = event;
  return { ...event, trigger: { ...trigger, issue: { ...trigger.issue, asOf: at } } };
}
