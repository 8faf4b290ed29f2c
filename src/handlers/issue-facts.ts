import type { Actor } from "../orchestrator/domain/trigger.ts";

/** A comment as GitHub has it now. Times are milliseconds since the epoch. */
export interface CommentFacts {
  readonly id: number;
  /** Undefined when the account no longer exists. */
  readonly author: Actor | undefined;
  readonly body: string;
  readonly createdAt: number;
  readonly lastEditedAt: number | undefined;
  readonly editor: Actor | undefined;
  readonly minimized: boolean;
}

/** When a text changed and by whom; undefined for an account that no longer exists. */
export interface EditFacts {
  readonly at: number;
  readonly actor: Actor | undefined;
}

/** An issue with everything needed to tell who wrote what and when. */
export interface IssueFacts {
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "closed";
  readonly isPullRequest: boolean;
  readonly author: Actor | undefined;
  readonly createdAt: number;
  /** Names of the labels it has now. */
  readonly labels: readonly string[];
  /** Every edit of the body, oldest first: with the last one alone, a second edit would hide the first. */
  readonly bodyEdits: readonly EditFacts[];
  /** Every change of the title, oldest first. */
  readonly renames: readonly EditFacts[];
  /** There were more edits than the adapter was willing to read, the latest perhaps as late as this. */
  readonly editsUnreadUntil: number | undefined;
  readonly comments: readonly CommentFacts[];
  readonly labelings: readonly { readonly label: string; readonly at: number; readonly actor: Actor | undefined }[];
  /** True when there were more comments than the adapter was willing to read. */
  readonly truncated: boolean;
}
