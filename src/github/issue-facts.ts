import { z } from "zod";
import { actorFrom, actorSchema, loginOf } from "./actor.ts";
import { GitHubFailure } from "./errors.ts";
import { absentOr, bigId, id, time } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { renamed } from "./place.ts";
import { issueFactsDocument } from "./queries.ts";
import type { At, Edit, IssueFacts } from "./types.ts";

/** 2,000 comments or label events: far more than a prompt holds, and few calls. */
const maxPages = 20;
/** When how late unread edits are is not known: later than anything. */
const always = Number.MAX_SAFE_INTEGER;

/**
 * Reads an issue or pull request with its labels, comments, edits, renames and labelings, oldest first.
 *
 * @throws GitHubFailure `not_found` when there is no such issue, or the name belongs to another repository by now.
 */
export async function readIssueFacts(gateway: Gateway, at: At, number: number): Promise<IssueFacts> {
  const first = await readPage(gateway, at, { number, comments: true, timeline: true });
  const comments = [...(first.comments?.nodes ?? [])];
  const timeline = [...(first.timelineItems?.nodes ?? [])];
  let rest = following(first);
  for (let page = 1; rest && page < maxPages; page += 1) {
    const more = await readPage(gateway, at, { number, ...rest });
    comments.push(...(more.comments?.nodes ?? []));
    timeline.push(...(more.timelineItems?.nodes ?? []));
    rest = following(more);
  }
  return factsFrom(first, { comments, timeline, rest });
}

interface PageWanted {
  readonly number: number;
  readonly comments: boolean;
  readonly commentsAfter?: string | undefined;
  readonly timeline: boolean;
  readonly timelineAfter?: string | undefined;
}

async function readPage(gateway: Gateway, at: At, wanted: PageWanted): Promise<Thread> {
  const { owner, name } = at.repository;
  const variables = { owner, name, ...wanted };
  const { repository } = await gateway.query(at, {
    name: "read issue facts",
    document: issueFactsDocument,
    variables,
    schema: answerSchema,
  });
  if (repository?.databaseId !== at.repository.id) throw renamed(at);
  if (!repository.issueOrPullRequest) {
    throw new GitHubFailure(`there is no issue ${wanted.number}`, { code: "not_found" });
  }
  return repository.issueOrPullRequest;
}

type Rest = Omit<PageWanted, "number">;

/** What to ask for next, or undefined when both lists are finished. */
function following(page: Thread): Rest | undefined {
  const comments = page.comments?.pageInfo;
  const timeline = page.timelineItems?.pageInfo;
  if (!comments?.hasNextPage && !timeline?.hasNextPage) return undefined;
  return {
    comments: comments?.hasNextPage ?? false,
    commentsAfter: comments?.endCursor ?? undefined,
    timeline: timeline?.hasNextPage ?? false,
    timelineAfter: timeline?.endCursor ?? undefined,
  };
}

interface Lists {
  readonly comments: readonly CommentNode[];
  readonly timeline: readonly TimelineNode[];
  /** What would have been asked for next. */
  readonly rest: Rest | undefined;
}

function factsFrom(thread: Thread, { comments, timeline, rest }: Lists): IssueFacts {
  return {
    title: thread.title,
    body: thread.body,
    state: thread.closed ? "closed" : "open",
    isPullRequest: thread.__typename === "PullRequest",
    author: actorFrom(thread.author),
    createdAt: thread.createdAt,
    labels: (thread.labels?.nodes ?? []).map((label) => label.name),
    bodyEdits: bodyEditsOf(thread),
    renames: timeline.flatMap((node) =>
      node.__typename === "RenamedTitleEvent" ? [{ at: node.createdAt, actor: actorFrom(node.actor) }] : [],
    ),
    editsUnreadUntil: rest?.timeline ? always : unreadBodyEditsUntil(thread),
    comments: comments.map((node) => ({
      id: node.fullDatabaseId,
      author: actorFrom(node.author),
      body: node.body,
      createdAt: node.createdAt,
      lastEditedAt: node.lastEditedAt,
      editor: actorFrom(node.editor),
      minimized: node.isMinimized,
    })),
    labelings: timeline.flatMap((node) =>
      node.__typename === "LabeledEvent"
        ? [{ label: node.label.name, at: node.createdAt, actor: actorFrom(node.actor) }]
        : [],
    ),
    truncated: rest !== undefined,
  };
}

/**
 * GitHub lists the writing of an edited text as an edit by its author: that one is none. Should the list lack the last
 * edit, the text itself still tells of it.
 */
function bodyEditsOf({ author, createdAt, lastEditedAt, editor, userContentEdits }: Thread): readonly Edit[] {
  const nodes = userContentEdits?.nodes ?? [];
  const writing = nodes.find((node) => node.editedAt === createdAt && loginOf(node.editor) === loginOf(author));
  const listed = nodes
    .filter((node) => node !== writing)
    .map((node) => ({ at: node.editedAt, actor: actorFrom(node.editor) }))
    .toSorted((one, other) => one.at - other.at);
  const newest = listed.at(-1)?.at ?? 0;
  const isMissing = lastEditedAt !== undefined && lastEditedAt > newest;
  return isMissing ? [...listed, { at: lastEditedAt, actor: actorFrom(editor) }] : listed;
}

/** GitHub promises no order of this list, so that after a hundred edits any of the others may be as late as the last. */
function unreadBodyEditsUntil({ lastEditedAt, userContentEdits }: Thread): number | undefined {
  const isWhole = userContentEdits !== null && !userContentEdits.pageInfo.hasNextPage;
  return isWhole ? undefined : lastEditedAt;
}

type Thread = z.infer<typeof threadSchema>;
type CommentNode = z.infer<typeof commentSchema>;
type TimelineNode = z.infer<typeof timelineSchema>;

const pageInfoSchema = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
const edited = { lastEditedAt: absentOr(time), editor: actorSchema.nullable() };
const commentSchema = z.object({
  fullDatabaseId: bigId,
  author: actorSchema.nullable(),
  body: z.string(),
  createdAt: time,
  isMinimized: z.boolean(),
  ...edited,
});
const timelineSchema = z.discriminatedUnion("__typename", [
  z.object({
    __typename: z.literal("LabeledEvent"),
    createdAt: time,
    label: z.object({ name: z.string() }),
    actor: actorSchema.nullable(),
  }),
  z.object({ __typename: z.literal("RenamedTitleEvent"), createdAt: time, actor: actorSchema.nullable() }),
]);
const threadSchema = z.object({
  __typename: z.enum(["Issue", "PullRequest"]),
  title: z.string(),
  body: z.string(),
  closed: z.boolean(),
  createdAt: time,
  author: actorSchema.nullable(),
  ...edited,
  userContentEdits: z
    .object({ pageInfo: pageInfoSchema, nodes: z.array(z.object({ editedAt: time, editor: actorSchema.nullable() })) })
    .nullable(),
  labels: z.object({ nodes: z.array(z.object({ name: z.string() })) }).nullable(),
  comments: z.object({ pageInfo: pageInfoSchema, nodes: z.array(commentSchema) }).optional(),
  timelineItems: z.object({ pageInfo: pageInfoSchema, nodes: z.array(timelineSchema) }).optional(),
});
const answerSchema = z.object({
  repository: z.object({ databaseId: id, issueOrPullRequest: threadSchema.nullable() }).nullable(),
});
