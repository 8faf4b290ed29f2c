import { GitHubFailure } from "./errors.ts";
import {
  type BackPage,
  type CommentNode,
  entryFrom,
  factsFrom,
  feedbackAnswerSchema,
  type PullRequestPage,
  reviewFrom,
  type ThreadNode,
  threadCommentsAnswerSchema,
  threadFrom,
} from "./feedback-schema.ts";
import type { PullRequestFeedback } from "./feedback-types.ts";
import type { Gateway } from "./gateway.ts";
import { renamed } from "./place.ts";
import { feedbackDocument, slots, threadCommentsDocument } from "./review-queries.ts";
import type { At } from "./types.ts";

/** 2,000 threads, reviews and comments each. */
const maxPages = 20;
/** 20 threads at a time, a hundred comments each. */
const maxTailQueries = 40;

/**
 * Reads a pull request with all reviews, threads and comments: one request, and one more for every further hundred of
 * whatever there is most of; threads of more than a hundred comments cost one more for twenty of them.
 *
 * The state of the pull request is that of the first request: what was said is never older than the head beside it.
 *
 * @throws GitHubFailure `not_found` when there is no such pull request, or the name belongs to another repository by now;
 *   `doubt` also when a long thread was deleted meanwhile: then it is to be read again.
 */
export async function readFeedback(gateway: Gateway, at: At, number: number): Promise<PullRequestFeedback> {
  const first = await readPage(gateway, at, { number, threads: true, reviews: true, comments: true });
  const pages = [first];
  let rest = preceding(first);
  while (rest && pages.length < maxPages) {
    const page = await readPage(gateway, at, { number, ...rest });
    pages.unshift(page);
    rest = preceding(page);
  }
  const nodes = pages.flatMap((page) => page.reviewThreads?.nodes ?? []);
  const earlier = await readEarlierComments(gateway, at, nodes);
  return {
    ...factsFrom(number, first),
    reviews: pages.flatMap((page) => page.reviews?.nodes ?? []).map(reviewFrom),
    threads: nodes.flatMap(
      (node) => threadFrom(node, [...(earlier.found.get(node.id) ?? []), ...node.comments.nodes]) ?? [],
    ),
    comments: pages.flatMap((page) => page.comments?.nodes ?? []).map(entryFrom),
    truncated: rest !== undefined || earlier.truncated,
  };
}

interface PageWanted {
  readonly number: number;
  readonly threads: boolean;
  readonly threadsBefore?: string | undefined;
  readonly reviews: boolean;
  readonly reviewsBefore?: string | undefined;
  readonly comments: boolean;
  readonly commentsBefore?: string | undefined;
}

async function readPage(gateway: Gateway, at: At, wanted: PageWanted): Promise<PullRequestPage> {
  const { owner, name } = at.repository;
  const { repository } = await gateway.query(at, {
    name: "read feedback",
    document: feedbackDocument,
    variables: { owner, name, ...wanted },
    schema: feedbackAnswerSchema,
  });
  if (repository?.databaseId !== at.repository.id) throw renamed(at);
  if (!repository.pullRequest) {
    throw new GitHubFailure(`there is no pull request ${wanted.number}`, { code: "not_found" });
  }
  return repository.pullRequest;
}

/** What to ask for next, or undefined when all lists are finished. */
function preceding(page: PullRequestPage): Omit<PageWanted, "number"> | undefined {
  const [threadsBefore, reviewsBefore, commentsBefore] = [page.reviewThreads, page.reviews, page.comments].map((list) =>
    cursorOf(list?.pageInfo),
  );
  const [threads, reviews, comments] = [threadsBefore, reviewsBefore, commentsBefore].map((it) => it !== undefined);
  if (!threads && !reviews && !comments) return undefined;
  return {
    threads: threads ?? false,
    threadsBefore,
    reviews: reviews ?? false,
    reviewsBefore,
    comments: comments ?? false,
    commentsBefore,
  };
}

function cursorOf(page: BackPage | undefined): string | undefined {
  return page?.hasPreviousPage ? (page.startCursor ?? undefined) : undefined;
}

interface Long {
  readonly id: string;
  readonly before: string;
}

interface Earlier {
  /** Comments before the newest hundred, oldest first, by thread. */
  readonly found: ReadonlyMap<string, readonly CommentNode[]>;
  readonly truncated: boolean;
}

/** Reads what is older than the newest hundred comments of each thread, many threads at once. */
async function readEarlierComments(gateway: Gateway, at: At, threads: readonly ThreadNode[]): Promise<Earlier> {
  const found = new Map<string, readonly CommentNode[]>();
  const waiting = threads.flatMap(({ id, comments }) => longFrom(id, comments.pageInfo));
  for (let query = 0; query < maxTailQueries && waiting.length > 0; query += 1) {
    const asked = waiting.splice(0, slots.length);
    const answer = await readSlots(gateway, at, asked);
    for (const [slot, { id }] of asked.entries()) {
      const comments = answer[`t${slot}`]?.comments;
      if (!comments) continue; // GitHub answers every slot that was asked for
      found.set(id, [...comments.nodes, ...(found.get(id) ?? [])]);
      waiting.push(...longFrom(id, comments.pageInfo));
    }
  }
  return { found, truncated: waiting.length > 0 };
}

function longFrom(id: string, page: BackPage): Long[] {
  const before = cursorOf(page);
  return before === undefined ? [] : [{ id, before }];
}

/** Slots that are not used need an id all the same: the first one's. */
async function readSlots(gateway: Gateway, at: At, asked: readonly Long[]) {
  const variables = slots.flatMap((slot) => {
    const long = asked[slot];
    return [
      [`use${slot}`, long !== undefined],
      [`id${slot}`, (long ?? asked[0])?.id],
      [`before${slot}`, long?.before],
    ] as const;
  });
  const query = {
    name: "read thread comments",
    document: threadCommentsDocument,
    variables: Object.fromEntries(variables),
    schema: threadCommentsAnswerSchema,
  };
  try {
    return await gateway.query(at, query);
  } catch (error) {
    if (error instanceof GitHubFailure && error.code === "not_found" && error.status === 200) throw changedMeanwhile();
    throw error;
  }
}

/** One thread less is no reason to take the pull request for gone: it is to be read again. */
function changedMeanwhile(): GitHubFailure {
  return new GitHubFailure("a thread was deleted while the feedback was read", { code: "doubt" });
}
