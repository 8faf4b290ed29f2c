import { z } from "zod";
import { GitHubFailure } from "./errors.ts";
import { absentOr, accountSchema, id, time } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { ownerAndName } from "./place.ts";
import { commentDocument } from "./queries.ts";
import { readThread } from "./thread.ts";
import type { Actor, At, Thread } from "./types.ts";

/** An issue or pull request that something happened to. */
export interface ChangedIssue {
  readonly number: number;
  readonly title: string;
  readonly state: "open" | "closed";
  readonly isPullRequest: boolean;
  readonly labels: readonly string[];
}

/** A comment on an issue or pull request that was written or changed. */
export interface ChangedComment {
  readonly id: number;
  /** Its name in GraphQL. */
  readonly node: string;
  /** Number of the issue or pull request it stands on. */
  readonly thread: number;
  /** Undefined when the account no longer exists. */
  readonly author: Actor | undefined;
  readonly body: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The app it was written through, if any. */
  readonly appId: number | undefined;
}

/** What happened in a repository, asked instead of told. `since` is inclusive, in milliseconds since the epoch. */
export interface ChangeCalls {
  /** Every label and comment counts as a change. */
  listChangedIssues(at: At, since: number): Promise<readonly ChangedIssue[]>;
  listChangedComments(at: At, since: number): Promise<readonly ChangedComment[]>;
  /** One issue or pull request as it is now, with who labelled and closed it last. */
  readThread(at: At, number: number): Promise<Thread>;
  /** Whether a comment is there as its author wrote it. */
  isUnedited(at: At, comment: Pick<ChangedComment, "node">): Promise<boolean>;
}

/** 10,000 entries: more than any repository changes between two looks. */
const maxPages = 100;
const oldestFirst = { sort: "updated", direction: "asc" } as const;

const issuesSchema = z.array(
  z.object({
    number: id,
    title: z.string(),
    state: z.enum(["open", "closed"]),
    labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])),
    pull_request: z.unknown().optional(),
  }),
);

const commentsSchema = z.array(
  z.object({
    id,
    node_id: z.string().min(1),
    issue_url: z.string().transform(numberAtEnd),
    body: z.string().nullish(),
    /** A kind of account that we do not know is nobody who could ask. */
    user: accountSchema.nullable().catch(null),
    created_at: time,
    updated_at: time,
    performed_via_github_app: absentOr(z.object({ id })),
  }),
);

export function createChangeCalls(gateway: Gateway): ChangeCalls {
  return {
    readThread: (at, number) => readThread(gateway, at, number),
    isUnedited: (at, { node }) => isUnedited(gateway, at, node),
    async listChangedIssues(at, since) {
      const found = await gateway.readAll(at, {
        name: "list changed issues",
        maxPages,
        schema: issuesSchema,
        send: (octokit, page) =>
          octokit.rest.issues.listForRepo({
            ...ownerAndName(at),
            state: "all",
            since: isoOf(since),
            ...oldestFirst,
            ...page,
          }),
      });
      return found.map(({ number, title, state, labels, pull_request }) => ({
        number,
        title,
        state,
        isPullRequest: pull_request !== undefined,
        labels: labels.flatMap((each) => (typeof each === "string" ? [each] : each.name ? [each.name] : [])),
      }));
    },
    async listChangedComments(at, since) {
      const found = await gateway.readAll(at, {
        name: "list changed comments",
        maxPages,
        schema: commentsSchema,
        send: (octokit, page) =>
          octokit.rest.issues.listCommentsForRepo({
            ...ownerAndName(at),
            since: isoOf(since),
            ...oldestFirst,
            ...page,
          }),
      });
      return found.map((each) => ({
        id: each.id,
        node: each.node_id,
        thread: each.issue_url,
        author: each.user ?? undefined,
        body: each.body ?? "",
        createdAt: each.created_at,
        updatedAt: each.updated_at,
        appId: each.performed_via_github_app?.id,
      }));
    },
  };
}

const editSchema = z.object({ node: z.object({ lastEditedAt: z.string().nullable() }).nullable() });

async function isUnedited(gateway: Gateway, at: At, id: string): Promise<boolean> {
  try {
    const call = { name: "read comment", document: commentDocument, variables: { id }, schema: editSchema };
    return (await gateway.query(at, call)).node?.lastEditedAt === null;
  } catch (error) {
    if (error instanceof GitHubFailure && error.code === "not_found") return false;
    throw error;
  }
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function numberAtEnd(url: string): number {
  return Number(/\/(\d+)$/.exec(url)?.[1]);
}
