import { z } from "zod";
import type { Event } from "../orchestrator/domain/event.ts";
import type { Repository } from "../orchestrator/domain/task.ts";

/** What a delivery about a pull request of ours tells about its task. */
export interface WatchedFact {
  readonly repository: Repository;
  readonly installationId: number;
  readonly issue: number;
  readonly title: string;
  readonly event: Event;
  readonly semanticKey: string;
}

/** Finds the task that opened a pull request, from our own records: nothing else makes it ours (security.md T10). */
export interface WatchContext {
  readonly taskOfPullRequest: (
    repositoryId: number,
    number: number,
  ) => Promise<{ readonly issue: number; readonly title: string } | undefined>;
}

const id = z.int().positive();
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const closedSchema = z.object({
  repository: z.object({ id, name: z.string().min(1), owner: z.object({ login: z.string().min(1) }) }),
  installation: z.object({ id }),
  sender: z.object({
    id,
    login: z.string().min(1),
    type: z.enum(["User", "Bot", "Organization", "Mannequin"]),
  }),
  pull_request: z.object({ id, number: id, merged: z.boolean(), closed_at: time.nullish(), updated_at: time }),
});

/**
 * Our pull request was closed or merged, by whomever: this is a state of the world, not somebody's wish, so our own
 * doing counts as well. Pull requests of others are none of our business.
 *
 * @throws Error with code `unreadable_payload` when GitHub's shape is not the one we know
 */
export async function pullRequestClosed(payload: unknown, context: WatchContext): Promise<WatchedFact | undefined> {
  const read = closedSchema.safeParse(payload);
  if (!read.success) {
    throw Object.assign(new Error("Payload of pull_request.closed not understood"), { code: "unreadable_payload" });
  }
  const { repository, installation, sender, pull_request: pullRequest } = read.data;
  const task = await context.taskOfPullRequest(repository.id, pullRequest.number);
  if (!task) return undefined;
  return {
    repository: { id: repository.id, owner: repository.owner.login, name: repository.name },
    installationId: installation.id,
    issue: task.issue,
    title: task.title,
    semanticKey: `${repository.id}/pull/${pullRequest.id}/closed/${pullRequest.updated_at}`,
    event: {
      type: "pull_request_closed",
      at: pullRequest.closed_at ?? pullRequest.updated_at,
      number: pullRequest.number,
      merged: pullRequest.merged,
      actor: sender,
    },
  };
}
