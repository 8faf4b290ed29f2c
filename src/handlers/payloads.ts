import { z } from "zod";
import type { Repository } from "../orchestrator/domain/task.ts";
import type { Actor } from "../orchestrator/domain/trigger.ts";

const id = z.int().positive();
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const account = z.object({
  id,
  login: z.string().min(1),
  type: z.enum(["User", "Bot", "Organization", "Mannequin"]),
});

/** What every delivery about an issue or pull request carries. A missing sender is nobody who could ask. */
const envelope = {
  repository: z.object({ id, name: z.string().min(1), owner: z.object({ login: z.string().min(1) }) }),
  installation: z.object({ id }),
  sender: account.nullish(),
};

const issue = z.object({
  id,
  number: id,
  title: z.string(),
  body: text,
  updated_at: time,
  closed_at: time.nullish(),
  pull_request: z.object({}).nullish(),
});

const pullRequest = z.object({ id, number: id, title: z.string(), body: text, updated_at: time });

const comment = z.object({
  id,
  body: text,
  created_at: time,
  updated_at: time,
  performed_via_github_app: z.object({ id }).nullish(),
});

const label = z.object({ name: z.string().min(1) });

export const issueLabel = z.object({ ...envelope, issue, label });
export const issueClosed = z.object({ ...envelope, issue });
export const issueComment = z.object({ ...envelope, issue, comment });
export const issueCommentEdited = issueComment.extend({
  changes: z.object({ body: z.object({ from: text }).optional() }),
});
export const pullRequestLabel = z.object({ ...envelope, pull_request: pullRequest, label });

/** Everything that is about a pull request's review; which of the three it is about depends on the event. */
export const pullRequestEvent = z.object({
  ...envelope,
  action: z.string(),
  pull_request: pullRequest,
  review: z.object({ id }).nullish(),
  comment: z.object({ id }).nullish(),
  thread: z.object({ node_id: z.string() }).nullish(),
});
export const reviewSubmitted = pullRequestEvent.extend({
  review: z.object({ id, body: text, submitted_at: time.nullish() }),
});
export const reviewComment = pullRequestEvent.extend({
  comment: z.object({ id, body: text, created_at: time, in_reply_to_id: id.nullish() }),
});

/**
 * Reads the fields we use from a signed payload.
 *
 * @throws Error with code `unreadable_payload` when GitHub's shape is not the one we know: nothing is stored, so that
 * the delivery can be sent again once we do.
 */
export function readPayload<T>(schema: z.ZodType<T>, payload: unknown): T {
  const read = schema.safeParse(payload);
  if (read.success) return read.data;
  const where = read.error.issues.map((problem) => problem.path.join(".")).join(", ");
  throw Object.assign(new Error(`Payload not understood at: ${where}`), { code: "unreadable_payload" });
}

export interface Envelope {
  readonly repository: { readonly id: number; readonly name: string; readonly owner: { readonly login: string } };
  readonly installation: { readonly id: number };
  readonly sender?: Actor | null | undefined;
}

/** Repository and installation in our words. */
export function placeOf(payload: Envelope): { readonly repository: Repository; readonly installationId: number } {
  const { id: repositoryId, name, owner } = payload.repository;
  return {
    repository: { id: repositoryId, owner: owner.login, name },
    installationId: payload.installation.id,
  };
}
