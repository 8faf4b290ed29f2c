import type { ReviewPolicy, Surface } from "../orchestrator/domain/feedback.ts";
import type { Actor } from "../orchestrator/domain/trigger.ts";
import { type EntryKey, entryKey } from "./raw-feedback.ts";

/** What decides whose words count. */
export interface FeedbackContext {
  /** Our own account: what it wrote is conversation, never feedback. */
  readonly ourselves: { readonly botUserId: number };
  /** The app's name as people mention it, without `@` and `[bot]`. */
  readonly slug: string;
  /** Who may push now, asked live for {@link authorsToAsk}. Whoever is missing here is an outsider. */
  readonly standing: ReadonlyMap<number, "writer" | "outsider">;
  /** What a writer let in with `/agent include`, and when (GitHub's time of the command). */
  readonly admitted: ReadonlyMap<EntryKey, number>;
  readonly bots: ReviewPolicy["bots"];
  /** Account ids that `all` does not mean: github-actions and dependabot of this GitHub. */
  readonly ignoredBots: ReadonlySet<number>;
  /** Whether a body addresses us as a command, also a misspelt one: such a comment was answered as a command. */
  readonly isCommand: (body: string) => boolean;
}

/** github-actions and dependabot on github.com. A GitHub Enterprise server has other ids. */
export const githubComIgnoredBots: ReadonlySet<number> = new Set([41898282, 49699333]);

/** One piece of writing, wherever it stands. */
export interface Writing {
  readonly surface: Surface;
  readonly id: number;
  readonly author: Actor | undefined;
  readonly body: string;
  /** When others could read it first. */
  readonly visibleAt: number;
  readonly lastEditedAt: number | undefined;
  readonly minimized: boolean;
}

export type LeftOutReason =
  | "no push permission"
  | "bot not allowed"
  | "bot's comment"
  | "edited after it was admitted"
  | "minimized"
  | "command"
  | "dismissed review"
  | "pending review"
  | "nothing to answer"
  | "cut: too many";

export type Judgement =
  | {
      readonly kind: "counts";
      readonly author: Actor;
      readonly from: "person" | "bot";
      readonly admitted: "by a writer" | "by right";
      /** When it was last written or, for people, edited, or else admitted. */
      readonly at: number;
      /** Grows with every word that counts; compares as text. */
      readonly version: string;
    }
  | { readonly kind: "ours"; readonly author: Actor }
  | { readonly kind: "left_out"; readonly reason: LeftOutReason };

/**
 * Whether a piece of writing is feedback (product.md §4). Accounts are told by number and type, never by their names
 * (security.md T09).
 */
export function judgeWriting(writing: Writing, context: FeedbackContext): Judgement {
  const { author } = writing;
  if (author?.id === context.ourselves.botUserId) return { kind: "ours", author };
  if (writing.minimized) return leftOut("minimized");
  const admittedAt = context.admitted.get(entryKey(writing.surface, writing.id));
  if (author === undefined) return leftOut("no push permission");
  if (isWelcome(author, writing.surface, context)) {
    // Bots never command, so that their slashes are ordinary text.
    if (author.type !== "Bot" && context.isCommand(writing.body)) return leftOut("command");
    return counts(writing, author, undefined);
  }
  if (admittedAt === undefined) return leftOut(whyNotWelcome(author, context));
  // What the writer let in is what stood there then. GitHub's clock has whole seconds.
  const { lastEditedAt } = writing;
  if (lastEditedAt !== undefined && lastEditedAt >= admittedAt) return leftOut("edited after it was admitted");
  return counts(writing, author, admittedAt);
}

function counts(writing: Writing, author: Actor, admittedAt: number | undefined): Judgement {
  const from = author.type === "Bot" ? "bot" : "person";
  const editedAt = from === "person" ? writing.lastEditedAt : undefined;
  const at = Math.max(writing.visibleAt, editedAt ?? 0, admittedAt ?? 0);
  const admitted = admittedAt === undefined ? "by right" : "by a writer";
  const version = versionOf(writing.id, at, editedAt === undefined ? "written" : "edited");
  return { kind: "counts", author, from, admitted, at, version };
}

/**
 * Time first, so that the versions of an item compare as text: a deleted or hidden newest entry leads back to an older
 * version, which the ledger covers. The last character tells an edit within the second of the writing.
 */
function versionOf(id: number, at: number, how: "written" | "edited"): string {
  return `${new Date(at).toISOString()}#${String(id).padStart(16, "0")}${how === "edited" ? "+" : ""}`;
}

function isWelcome(author: Actor, surface: Surface, context: FeedbackContext): boolean {
  if (author.type !== "Bot") return context.standing.get(author.id) === "writer";
  const { bots } = context;
  if (bots === "none") return false;
  if (bots === "all") return surface !== "comment" && !context.ignoredBots.has(author.id);
  const listed = bots.find((bot) => bot.id === author.id);
  return listed !== undefined && (surface !== "comment" || listed.comments);
}

function whyNotWelcome(author: Actor, { bots, ignoredBots }: FeedbackContext): LeftOutReason {
  if (author.type !== "Bot") return "no push permission";
  const isListed =
    bots === "all" ? !ignoredBots.has(author.id) : bots !== "none" && bots.some(({ id }) => id === author.id);
  return isListed ? "bot's comment" : "bot not allowed";
}

function leftOut(reason: LeftOutReason): Judgement {
  return { kind: "left_out", reason };
}
