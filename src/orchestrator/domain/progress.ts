import type { FeedbackItem, ReviewPolicy } from "./feedback.ts";
import { type Flip, flipBack } from "./line-changes.ts";
import {
  type AnsweredFinding,
  findingOf,
  isSame,
  newestEntry,
  type RoundRecord,
  startedBy,
  textOf,
  timeOf,
} from "./round-record.ts";
import { echoes } from "./similar-words.ts";
import type { Actor } from "./trigger.ts";

/** The rounds of one pull request, oldest first. */
export interface History {
  readonly rounds: readonly RoundRecord[];
  /** When a person last asked us to go on, other than by feedback; undefined when nobody did. */
  readonly personSpokeAt: number | undefined;
}

export type StopReason =
  | "line_flips"
  | "finding_back"
  | "no_new_commit"
  | "no_item_closed"
  | "bot_rounds"
  | "rounds_without_person";

/** One side of a disagreement, for people to judge. Texts of others are not safe to publish as they are. */
export interface Position {
  /** Undefined: it is ours. */
  readonly who: Actor | undefined;
  readonly says: string;
  readonly item: string | undefined;
  readonly round: number | undefined;
}

/**
 * A bot's words that want no round. `declined_before` is answered by pointing to the earlier answer; `our_own_words` is
 * entered in the ledger without a reply, which would be given back as well.
 */
export interface Repeat {
  readonly item: FeedbackItem;
  /** The item that has the answer; the same one when the bot repeated itself in its thread. */
  readonly of: string;
  readonly why: "declined_before" | "our_own_words";
}

export type Verdict =
  | { readonly kind: "go_on"; readonly items: readonly FeedbackItem[]; readonly repeats: readonly Repeat[] }
  | { readonly kind: "nothing_new"; readonly repeats: readonly Repeat[] }
  | {
      readonly kind: "stop";
      readonly reason: StopReason;
      /** The file in question, if it is about one. */
      readonly path: string | undefined;
      readonly positions: readonly [Position, Position];
    };

/**
 * Whether another round would get anywhere (product.md §4, security.md T36). A person's word always goes on; rounds
 * that only bots keep going stop when they turn in circles or reach their number.
 */
export function judgeProgress(
  history: History,
  pending: readonly FeedbackItem[],
  limits: Pick<ReviewPolicy, "botRounds" | "rounds">,
): Verdict {
  const repeats = pending.flatMap((item) => repeatOf(item, history.rounds) ?? []);
  const fresh = pending.filter((item) => !repeats.some((repeat) => repeat.item === item));
  if (fresh.length === 0) return { kind: "nothing_new", repeats };
  if (startedBy(fresh) === "bots" && !personSpoke(history)) {
    const { rounds } = history;
    const stop = circle(rounds, fresh) ?? standstill(rounds, fresh) ?? exhausted(rounds, fresh, limits);
    if (stop) return stop;
  }
  return { kind: "go_on", items: fresh, repeats };
}

function personSpoke({ rounds, personSpokeAt }: History): boolean {
  return personSpokeAt !== undefined && personSpokeAt > (rounds.at(-1)?.endedAt ?? Number.NEGATIVE_INFINITY);
}

function repeatOf(item: FeedbackItem, rounds: readonly RoundRecord[]): Repeat | undefined {
  const newest = newestEntry(item);
  if (newest?.author.type !== "Bot") return undefined;
  const earlier = answersBefore(item, rounds);
  const own = earlier.find(({ finding }) => echoes(newest.body, textOf(finding.answer)));
  if (own) return { item, of: own.finding.item, why: "our_own_words" };
  const said = findingOf(item);
  const declined = earlier.find(
    ({ finding }) =>
      (finding.answer.kind === "declined" || finding.answer.kind === "duplicate") && isSame(finding, said),
  );
  return declined && { item, of: declined.finding.item, why: "declined_before" };
}

interface Earlier {
  readonly round: RoundRecord;
  readonly finding: AnsweredFinding;
}

/** What was answered before the item's newest word, newest first. */
function answersBefore(item: FeedbackItem, rounds: readonly RoundRecord[]): readonly Earlier[] {
  return rounds
    .filter(({ endedAt }) => endedAt < timeOf(item.version))
    .flatMap((round) => round.findings.map((finding) => ({ round, finding })))
    .toReversed();
}

type Stop = Extract<Verdict, { kind: "stop" }>;

/** The last round undid an earlier one, or a finding that was fixed is back. */
function circle(rounds: readonly RoundRecord[], fresh: readonly FeedbackItem[]): Stop | undefined {
  const flip = rounds.at(-1)?.startedBy === "bots" ? flipBack(rounds) : undefined;
  if (flip) {
    const positions = [sideOf(flip, "away", rounds), sideOf(flip, "back", rounds)] as const;
    return { kind: "stop", reason: "line_flips", path: flip.path, positions };
  }
  for (const item of fresh) {
    const back = fixedBefore(item, rounds);
    if (!back) continue;
    const { round, finding } = back;
    const positions = [theirs(item), ours(finding, round)] as const;
    return { kind: "stop", reason: "finding_back", path: finding.path, positions };
  }
  return undefined;
}

/** The fix that was told for what comes back now: said again, or its thread opened again without a word. */
function fixedBefore(item: FeedbackItem, rounds: readonly RoundRecord[]): Earlier | undefined {
  const said = findingOf(item);
  const again = answersBefore(item, rounds).find(({ finding }) => isSame(finding, said));
  const reopened = rounds
    .flatMap((round) => round.findings.map((finding) => ({ round, finding })))
    .findLast(({ finding }) => isReopened(item, finding));
  const earlier = again ?? reopened;
  return earlier?.finding.answer.kind === "fixed" ? earlier : undefined;
}

function isReopened(item: FeedbackItem, finding: AnsweredFinding): boolean {
  return finding.item === item.id && item.version <= finding.version;
}

/** The last round changed or closed nothing, and all that came since are reactions of bots that had an answer. */
function standstill(rounds: readonly RoundRecord[], fresh: readonly FeedbackItem[]): Stop | undefined {
  const last = rounds.at(-1);
  if (last === undefined || !fresh.every((item) => isReaction(item, rounds))) return undefined;
  const closes = last.findings.some(({ answer }) => answer.kind !== "question" && answer.kind !== "person");
  const reason = last.commit === undefined ? "no_new_commit" : closes ? undefined : "no_item_closed";
  return reason && stopOver(reason, rounds, fresh);
}

function isReaction(item: FeedbackItem, rounds: readonly RoundRecord[]): boolean {
  const author = newestEntry(item)?.author.id;
  const findings = rounds.flatMap((round) => round.findings);
  const isLater = timeOf(item.version) > (rounds.at(-1)?.endedAt ?? 0);
  return (
    (isLater && findings.some(({ by }) => by.id === author)) || findings.some((finding) => isReopened(item, finding))
  );
}

function exhausted(
  rounds: readonly RoundRecord[],
  fresh: readonly FeedbackItem[],
  limits: Pick<ReviewPolicy, "botRounds" | "rounds">,
): Stop | undefined {
  const byBots = rounds.filter((round) => round.startedBy === "bots").length;
  if (byBots >= limits.botRounds) return stopOver("bot_rounds", rounds, fresh);
  const sincePerson = rounds.length - 1 - rounds.findLastIndex((round) => round.startedBy === "person");
  return sincePerson >= limits.rounds ? stopOver("rounds_without_person", rounds, fresh) : undefined;
}

/** The newest word against the last answer to its author, in the same file if there is one. */
function stopOver(reason: StopReason, rounds: readonly RoundRecord[], fresh: readonly FeedbackItem[]): Stop {
  const item = fresh.toSorted((a, b) => (a.version < b.version ? 1 : -1))[0];
  if (item === undefined) throw new Error("A stop needs something that is pending.");
  const said = findingOf(item);
  const answers = rounds.flatMap((round) => round.findings.map((finding) => ({ round, finding }))).toReversed();
  const answer =
    answers.find(({ finding }) => finding.by.id === said.by.id && finding.path === said.path) ??
    answers.find(({ finding }) => finding.by.id === said.by.id) ??
    answers[0];
  const nothing: Position = { who: undefined, says: "", item: undefined, round: undefined };
  const positions = [theirs(item), answer ? ours(answer.finding, answer.round) : nothing] as const;
  return { kind: "stop", reason, path: said.path, positions };
}

function theirs(item: FeedbackItem): Position {
  const { by, text } = findingOf(item);
  return { who: by, says: text, item: item.id, round: undefined };
}

function ours({ answer, item }: AnsweredFinding, { round }: RoundRecord): Position {
  return { who: undefined, says: textOf(answer), item, round };
}

/** Who had a line changed that way, and what it was changed to. */
function sideOf(flip: Flip, side: "away" | "back", rounds: readonly RoundRecord[]): Position {
  const round = rounds[flip[side]];
  const asked = round?.findings.find(({ path }) => path === flip.path);
  const says = side === "away" ? flip.between : flip.again;
  return { who: asked?.by, says, item: asked?.item, round: round?.round };
}
