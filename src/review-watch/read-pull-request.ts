import type { ReviewPolicy } from "../orchestrator/domain/feedback.ts";
import type { Policy, ReviewRules } from "../orchestrator/domain/policy.ts";
import type { Reading } from "../orchestrator/domain/review.ts";
import type { Snapshot } from "../orchestrator/domain/snapshot.ts";
import type { Repository } from "../orchestrator/domain/task.ts";
import type { Actor, Refusal } from "../orchestrator/domain/trigger.ts";
import type { EntryKey, RawFeedback } from "./raw-feedback.ts";
import { authorsToAsk, selectFeedback } from "./select-feedback.ts";
import { githubComIgnoredBots } from "./who-counts.ts";

/** Where the pull request is. */
export interface PullRequestPlace {
  readonly repository: Repository;
  readonly installationId: number;
}

/** A pull request as an adapter reads it. */
export interface RawPullRequest extends RawFeedback {
  readonly open: boolean;
  readonly draft: boolean;
  readonly headRef: string;
  readonly headSha: string;
  readonly headRepositoryId: number | undefined;
  /** Who may push, as far as GitHub said so by itself: account id → yes or no. */
  readonly mayPush: ReadonlyMap<number, boolean>;
}

/** What a reading needs to know of the world. Trouble with GitHub is thrown: the caller waits and asks again. */
export interface ReaderPorts {
  readPullRequest(at: PullRequestPlace, number: number): Promise<RawPullRequest>;
  readPolicy(
    at: PullRequestPlace,
  ): Promise<
    { readonly kind: "ok"; readonly policy: Policy } | { readonly kind: "refused"; readonly refusal: Refusal }
  >;
  mayPush(at: PullRequestPlace, account: Actor): Promise<boolean>;
  readonly isCommand: (body: string) => boolean;
  /** The snapshot with somebody's guidance in it. */
  readonly withGuidance: (snapshot: Snapshot, guidance: string) => Snapshot;
  readonly ourselves: { readonly botUserId: number; readonly slug: string };
}

export interface Wanted {
  readonly number: number;
  readonly branch: string;
  readonly admitted: Readonly<Record<string, number>>;
  readonly snapshot: Snapshot;
  readonly guidance: string;
}

export type Found =
  | { readonly kind: "read"; readonly reading: Reading }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "not_open" };

/** Reads one pull request of ours: what counts on it, and the rules it is to be judged by, all of this moment. */
export function createReviewReader(ports: ReaderPorts) {
  return {
    async read(at: PullRequestPlace, wanted: Wanted): Promise<Found> {
      const raw = await ports.readPullRequest(at, wanted.number);
      if (!raw.open) return { kind: "not_open" };
      const answer = await ports.readPolicy(at);
      if (answer.kind === "refused") return answer;
      const { policy } = answer;
      const selected = selectFeedback(raw, {
        ourselves: ports.ourselves,
        slug: ports.ourselves.slug,
        standing: await standings(ports, at, raw),
        admitted: new Map(Object.entries(wanted.admitted) as [EntryKey, number][]),
        bots: botsOf(policy.review, raw),
        ignoredBots: githubComIgnoredBots,
        isCommand: ports.isCommand,
      });
      const reading: Reading = {
        number: wanted.number,
        headSha: raw.headSha,
        draft: raw.draft,
        ours: raw.headRef === wanted.branch && raw.headRepositoryId === at.repository.id,
        items: selected.items,
        changesRequested: selected.changesRequested,
        leftOut: selected.leftOut.length,
        policy,
        snapshot: ports.withGuidance(wanted.snapshot, wanted.guidance),
      };
      return { kind: "read", reading };
    },
  };
}

/** Asks only about people of whom GitHub has not said it with what they wrote. */
async function standings(
  ports: ReaderPorts,
  at: PullRequestPlace,
  raw: RawPullRequest,
): Promise<ReadonlyMap<number, "writer" | "outsider">> {
  const standing = new Map<number, "writer" | "outsider">();
  for (const author of authorsToAsk(raw)) {
    const may = raw.mayPush.get(author.id) ?? (await ports.mayPush(at, author));
    standing.set(author.id, may ? "writer" : "outsider");
  }
  return standing;
}

/**
 * The listed bots among those who wrote, by their numbers (security.md T09). A login is GitHub's own word for the account
 * at this moment, so nobody else can carry it into the same reading.
 */
function botsOf({ bots }: ReviewRules, raw: RawPullRequest): ReviewPolicy["bots"] {
  if (bots === "all" || bots === "none") return bots;
  const plain = (login: string) => login.toLowerCase().replace(/\[bot\]$/, "");
  const listed = new Map(bots.map((bot) => [plain(bot.login), bot.comments]));
  const writings = [...raw.reviews, ...raw.threads.flatMap(({ comments }) => comments), ...raw.comments];
  const found = new Map<number, boolean>();
  for (const { author } of writings) {
    if (author?.type !== "Bot") continue;
    const comments = listed.get(plain(author.login));
    if (comments !== undefined) found.set(author.id, comments);
  }
  return [...found].map(([id, comments]) => ({ id, comments }));
}
