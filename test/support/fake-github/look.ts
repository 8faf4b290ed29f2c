import type { Account, CheckRun, Comment, Issue, Reaction, Repository, ReviewState } from "./world/model.ts";
import { threadNodeId } from "./world/threads.ts";
import { isPull, issueOf, pullOf, type World } from "./world/world.ts";

/** One contribution to a conversation, as plain data for snapshots. */
export interface Said {
  readonly author: string;
  readonly body: string;
  readonly edited: boolean;
  /** Who reacted with what: `{ eyes: ["baton[bot]"] }`. */
  readonly reactions: Readonly<Record<string, readonly string[]>>;
}

export interface IssueView {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly author: string;
  readonly state: "open" | "closed";
  readonly labels: readonly string[];
  readonly reactions: Readonly<Record<string, readonly string[]>>;
}

export interface PullView extends IssueView {
  readonly head: string;
  readonly headSha: string;
  readonly base: string;
  readonly baseSha: string;
  readonly draft: boolean;
  readonly merged: boolean;
  readonly commits: number;
  readonly requestedReviewers: readonly string[];
}

export interface CheckView {
  readonly id: number;
  readonly app: string;
  readonly name: string;
  readonly headSha: string;
  readonly externalId: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string | null;
  readonly summary: string | null;
}

export interface ReviewView {
  readonly id: number;
  readonly author: string;
  readonly state: ReviewState;
  readonly body: string;
  readonly commit: string;
}

export interface ThreadView {
  /** GitHub's global id. */
  readonly id: string;
  readonly path: string;
  /** Undefined when it is outdated, or about the whole file. */
  readonly line: number | undefined;
  readonly outdated: boolean;
  readonly resolvedBy: string | undefined;
  readonly comments: readonly (Said & { readonly id: number; readonly review: number })[];
}

/** Every review, in order; each answer in a thread has one of its own without a body. */
export function reviewViews(repository: Repository, number: number): ReviewView[] {
  return pullOf(repository, number).pull.reviews.map(({ id, author, state, body, commitSha }) => {
    return { id, author: author.login, state, body, commit: commitSha };
  });
}

/** The threads of a pull request with all their comments. Looking at them counts as reading them. */
export function threadViews(repository: Repository, number: number): ThreadView[] {
  return pullOf(repository, number).pull.threads.map((thread) => ({
    id: threadNodeId(thread),
    path: thread.path,
    line: thread.line,
    outdated: thread.outdated,
    resolvedBy: thread.resolvedBy?.login,
    comments: thread.comments.map((comment) => ({ id: comment.id, review: comment.review.id, ...said(comment) })),
  }));
}

/** The comments of an issue or pull request, in order. Looking at them counts as reading them. */
export function conversation(repository: Repository, number: number): Said[] {
  return issueOf(repository, number).comments.map(said);
}

function said(comment: Comment): Said {
  comment.read = true;
  return {
    author: comment.author.login,
    body: comment.body,
    edited: comment.edits.length > 0,
    reactions: who(comment.reactions),
  };
}

export function issueView(issue: Issue): IssueView {
  const { number, title, body, state } = issue;
  const labels = issue.labels.map((label) => label.name);
  return { number, title, body, author: issue.author.login, state, labels, reactions: who(issue.reactions) };
}

export function pullViews(repository: Repository): PullView[] {
  return repository.issues.filter(isPull).map((issue) => ({
    ...issueView(issue),
    head: issue.pull.headRef,
    headSha: issue.pull.headSha,
    base: issue.pull.baseRef,
    baseSha: issue.pull.baseSha,
    draft: issue.pull.draft,
    merged: issue.pull.mergedAt !== undefined,
    commits: issue.pull.stats.commits,
    requestedReviewers: issue.pull.requestedReviewers.map((account) => account.login),
  }));
}

export function checkView(run: CheckRun): CheckView {
  const { id, name, headSha, externalId, status, conclusion, title, summary } = run;
  return { id, app: run.app.slug, name, headSha, externalId, status, conclusion, title, summary };
}

/** The app's comments whose present text no test has looked at. */
export function unreadComments(world: World): string[] {
  const isUnread = (comment: Comment): boolean => comment.author === world.bot && !comment.read;
  return world.repositories.flatMap((repository) =>
    repository.issues.flatMap((issue) =>
      [...issue.comments, ...(issue.pull?.threads ?? []).flatMap((thread) => thread.comments)]
        .filter(isUnread)
        .map((comment) => `#${issue.number} of ${repository.name}: ${comment.body.split("\n")[0]}`),
    ),
  );
}

function who(reactions: readonly Reaction[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const { content, by } of reactions as readonly { content: string; by: Account }[]) {
    groups[content] = [...(groups[content] ?? []), by.login];
  }
  return groups;
}
