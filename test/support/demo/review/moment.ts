import { gitText } from "../../fake-github/git/git.ts";
import { commitsOf } from "../../fake-github/git/history.ts";
import type { Stage } from "../stage.ts";

/** Everything about a pull request and its issue that people can see at one moment, as plain data. */
export interface Moment {
  readonly pullRequest: {
    readonly number: number;
    readonly state: string;
    readonly merged: boolean;
    readonly headSha: string;
    readonly requestedReviewers: readonly string[];
  };
  /** Of the branch, oldest first. */
  readonly commits: readonly Committed[];
  readonly reviews: readonly { readonly author: string; readonly state: string; readonly body: string }[];
  readonly threads: readonly Thread[];
  /** The pull request's conversation, and the issue's. */
  readonly conversation: readonly Comment[];
  readonly issue: { readonly state: string; readonly comments: readonly Comment[] };
  /** Baton's checks on every head so far. */
  readonly checks: readonly Check[];
}

export interface Thread {
  readonly id: string;
  readonly path: string;
  readonly outdated: boolean;
  readonly resolvedBy: string | undefined;
  readonly comments: readonly Comment[];
}

export interface Comment {
  readonly author: string;
  readonly body: string;
}

interface Committed {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly author: string;
  readonly subject: string;
}

interface Check {
  readonly name: string;
  readonly headSha: string;
  /** What it came to; its status while it has not ended. */
  readonly conclusion: string;
}

/** Where the story takes place. */
export interface Place {
  readonly issue: number;
  readonly pullRequest: number;
  /** The base branch's commit before anything was merged. */
  readonly baseSha: string;
}

/** Looks at the stand-in, and at the branch. @throws Error when there is no such pull request */
export async function takeMoment(stage: Stage, at: Place): Promise<Moment> {
  const seen = lookAt(stage, at);
  const commits = await commitsOf(stage.repository.directory, `${at.baseSha}..${seen.pullRequest.headSha}`);
  return {
    ...seen,
    commits: commits.toReversed().map(({ sha, parents, author, message }) => {
      return { sha, parents, author: author.name, subject: message.split("\n", 1)[0] ?? "" };
    }),
  };
}

/** The same without the commits, at once. @throws Error when there is no such pull request */
export function lookAt({ github, repository }: Stage, at: Place): Omit<Moment, "commits"> {
  const pull = github.pullRequests(repository).find(({ number }) => number === at.pullRequest);
  if (!pull) throw new Error(`there is no pull request #${at.pullRequest}`);
  const { number, state, merged, headSha, requestedReviewers } = pull;
  return {
    pullRequest: { number, state, merged, headSha, requestedReviewers },
    reviews: github.reviews(repository, number).map(({ author, state, body }) => ({ author, state, body })),
    threads: github.threads(repository, number).map(({ id, path, outdated, resolvedBy, comments }) => {
      return { id, path, outdated, resolvedBy, comments: comments.map(plain) };
    }),
    conversation: github.conversation(repository, number).map(plain),
    issue: {
      state: github.issue(repository, at.issue).state,
      comments: github.conversation(repository, at.issue).map(plain),
    },
    checks: github.checks(repository).map(({ name, headSha, conclusion, status }) => {
      return { name, headSha, conclusion: conclusion ?? status };
    }),
  };
}

/** What a check says of a moment's newest head; undefined when it says nothing. */
export function checkAtHead(
  { checks, pullRequest }: Pick<Moment, "checks" | "pullRequest">,
  name: string,
): string | undefined {
  return checks.findLast((check) => check.name === name && check.headSha === pullRequest.headSha)?.conclusion;
}

/** The text of a file in a commit, or undefined. */
export function fileAt({ repository }: Stage, sha: string, path: string): Promise<string | undefined> {
  return gitText(repository.directory, ["show", `${sha}:${path}`]).catch(() => undefined);
}

function plain({ author, body }: Comment): Comment {
  return { author, body };
}
