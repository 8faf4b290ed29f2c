import type { Actor } from "../orchestrator/domain/trigger.ts";

/** A comment as GitHub has it now. Times are milliseconds since the epoch. */
export interface CommentFacts {
  readonly id: number;
  /** Undefined when the account no longer exists. */
  readonly author: Actor | undefined;
  readonly body: string;
  readonly createdAt: number;
  readonly lastEditedAt: number | undefined;
  readonly editor: string | undefined;
  readonly minimized: boolean;
}

/** When a text changed and by whom; undefined for an account that no longer exists. */
export interface EditFacts {
  readonly at: number;
  readonly actor: string | undefined;
}

/** An issue with everything needed to tell who wrote what and when. */
export interface IssueFacts {
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "closed";
  readonly isPullRequest: boolean;
  readonly author: Actor | undefined;
  readonly createdAt: number;
  /** Last edit of the body. Changes of the title are in `renames`. */
  readonly lastEditedAt: number | undefined;
  readonly editor: string | undefined;
  /** Edits of the body before the last one. Without them a second edit hides the first. */
  readonly bodyEdits?: readonly EditFacts[];
  readonly comments: readonly CommentFacts[];
  readonly renames: readonly EditFacts[];
  readonly labelings: readonly { readonly label: string; readonly at: number; readonly actor: Actor | undefined }[];
  /** True when there were more comments than the adapter was willing to read. */
  readonly truncated: boolean;
}
