import type { FeedbackItem, LedgerRow, Surface } from "./feedback.ts";
import type { LineChanges } from "./line-changes.ts";
import type { Policy } from "./policy.ts";
import type { RoundRecord } from "./round-record.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Actor } from "./trigger.ts";

/** What a task knows of the review of its pull request. */
export interface Review {
  /** The answers so far, one row per item that ever got one. */
  readonly ledger: readonly LedgerRow[];
  /** What every round was given and made of it, for the loop breaker. Oldest first. */
  readonly rounds: readonly RoundRecord[];
  /** Rounds begun, answered or not. */
  readonly begun: number;
  /** When a person last asked us to go on, other than by feedback. */
  readonly personSpokeAt: number | undefined;
  /** What the last reading found waiting for an answer. */
  readonly pending: readonly PendingPoint[];
  /** Who stopped automatic rounds; undefined while they go on by themselves. */
  readonly pausedBy: string | undefined;
  /** Words of outsiders that a writer let in: `<surface>/<id>` → GitHub's time of the command. */
  readonly admitted: Readonly<Record<string, number>>;
  /** What was pending when rounds came to a halt: only a person's newer word starts them again. */
  readonly stuckOn: readonly string[];
  /** How long feedback settles before it is read, by the policy last seen, in seconds. */
  readonly quietSeconds: number;
}

/** A point nobody answered yet, in one line. */
export interface PendingPoint {
  readonly item: string;
  readonly surface: Surface;
  readonly by: string;
  readonly excerpt: string;
}

/** Before the first pull request. */
export const noReview: Review = {
  ledger: [],
  rounds: [],
  begun: 0,
  personSpokeAt: undefined,
  pending: [],
  pausedBy: undefined,
  admitted: {},
  stuckOn: [],
  quietSeconds: 60,
};

/** A pull request with everything on it that counts, as GitHub was read at one moment. */
export interface Reading {
  readonly number: number;
  readonly headSha: string;
  readonly draft: boolean;
  /** False when the head is not the branch we made: then it is none of our business any more (security.md T10). */
  readonly ours: boolean;
  readonly items: readonly FeedbackItem[];
  /** Items of reviews that request changes. */
  readonly changesRequested: readonly string[];
  readonly leftOut: number;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
}

/** Somebody asked for a round now, whatever the policy says. */
export interface Asked {
  readonly by: Actor;
  readonly at: number;
  readonly guidance: string;
  /** Number of the issue or pull request it was said on: the answer goes there. */
  readonly thread: number;
}

/** What a round was given, what the agent answered, and by which rules the answers go out. */
export interface Answered {
  readonly items: readonly FeedbackItem[];
  readonly answers: readonly AnswerGiven[];
  readonly round: number;
  readonly resolve: "bots" | "all" | "none";
  /** What the round's commit did to which lines, for the loop breaker. */
  readonly lines: readonly LineChanges[];
  /** Red work is answered too, but no thread is closed because of it. */
  readonly verification: "red" | "not_red";
}

/** What the agent said about one item. Its words are data until `render/` has cleaned them. */
export interface AnswerGiven {
  readonly item: string;
  readonly kind: "fixed" | "declined" | "question" | "duplicate" | "person";
  readonly text: string;
  /** With `duplicate`: the item it repeats. */
  readonly of?: string | undefined;
}
