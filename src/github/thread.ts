import { z } from "zod";
import { actorFrom, actorSchema } from "./actor.ts";
import { GitHubFailure } from "./errors.ts";
import { absentOr, id, time } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { renamed } from "./place.ts";
import { threadDocument } from "./queries.ts";
import type { At, Thread } from "./types.ts";

/**
 * Reads an issue or pull request as it is now, in one query.
 *
 * @throws GitHubFailure `not_found` when there is none, or the name belongs to another repository by now.
 */
export async function readThread(gateway: Gateway, at: At, number: number): Promise<Thread> {
  const { owner, name } = at.repository;
  const { repository } = await gateway.query(at, {
    name: "read thread",
    document: threadDocument,
    variables: { owner, name, number },
    schema: answerSchema,
  });
  if (repository?.databaseId !== at.repository.id) throw renamed(at);
  if (!repository.issueOrPullRequest) throw new GitHubFailure(`there is no issue ${number}`, { code: "not_found" });
  return threadFrom(repository.issueOrPullRequest);
}

function threadFrom(found: z.infer<typeof threadSchema>): Thread {
  const deeds = found.timelineItems.nodes.map((node) => ({
    ...node,
    at: node.createdAt,
    actor: actorFrom(node.actor),
  }));
  const closing = deeds.findLast((deed) => deed.__typename === "ClosedEvent");
  const withLabel = (kind: "LabeledEvent" | "UnlabeledEvent") =>
    deeds.flatMap((deed) =>
      deed.__typename === kind ? [{ at: deed.at, actor: deed.actor, label: deed.label.name }] : [],
    );
  return {
    title: found.title,
    body: found.body,
    isPullRequest: found.__typename === "PullRequest",
    updatedAt: found.updatedAt,
    closed: found.closed ? { at: found.closedAt ?? found.updatedAt, actor: closing?.actor } : undefined,
    merged: found.merged ?? false,
    labels: (found.labels?.nodes ?? []).map((label) => label.name),
    labelings: withLabel("LabeledEvent"),
    unlabelings: withLabel("UnlabeledEvent"),
  };
}

const deed = { createdAt: time, actor: actorSchema.nullable() };
const label = z.object({ name: z.string() });
const deedSchema = z.discriminatedUnion("__typename", [
  z.object({ __typename: z.literal("LabeledEvent"), label, ...deed }),
  z.object({ __typename: z.literal("UnlabeledEvent"), label, ...deed }),
  z.object({ __typename: z.literal("ClosedEvent"), ...deed }),
]);
const threadSchema = z.object({
  __typename: z.enum(["Issue", "PullRequest"]),
  title: z.string(),
  body: z.string(),
  updatedAt: time,
  closed: z.boolean(),
  closedAt: absentOr(time),
  merged: z.boolean().optional(),
  labels: z.object({ nodes: z.array(label) }).nullable(),
  timelineItems: z.object({ nodes: z.array(deedSchema) }),
});
const answerSchema = z.object({
  repository: z.object({ databaseId: id, issueOrPullRequest: threadSchema.nullable() }).nullable(),
});
