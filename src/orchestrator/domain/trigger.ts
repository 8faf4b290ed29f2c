/** A GitHub account as a webhook or the API named it. Ids are the identity; logins are for people. */
export interface Actor {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Bot" | "Organization" | "Mannequin";
}

/** What somebody asks Baton to do. */
export type Wish =
  | { readonly verb: "run"; readonly profile?: string }
  | { readonly verb: "stop" }
  | { readonly verb: "fix-review" }
  | { readonly verb: "pause" }
  | { readonly verb: "resume" }
  /** Admits what an outsider wrote: `<surface>/<id>`. */
  | { readonly verb: "include"; readonly entry: string }
  | { readonly verb: "status" }
  | { readonly verb: "help" };

/** Where a wish was expressed, so that the answer and the 👀 go to the same place. */
export type TriggerSource =
  | { readonly kind: "label"; readonly label: string }
  /** `thread` is the number of the issue or pull request the comment stands on: the answer goes there. */
  | { readonly kind: "comment"; readonly commentId: number; readonly thread: number }
  | { readonly kind: "review_comment"; readonly commentId: number; readonly thread: number }
  /** The body of a review takes no reactions: it is acknowledged in words. */
  | { readonly kind: "review"; readonly reviewId: number; readonly thread: number };

/**
 * A label or a command, frozen as it arrived in the signed payload. `at` is GitHub's own time of the act, in
 * milliseconds since the epoch; nothing written or edited at or after it reaches the agent (security.md T07).
 */
export interface Trigger {
  readonly wish: Wish;
  readonly source: TriggerSource;
  readonly actor: Actor;
  readonly at: number;
  /** The comment's lines after the command: guidance for the agent. Empty for a label. */
  readonly guidance: string;
  /**
   * Title and body as the signed payload carried them; for a trigger that no webhook told of, as they were when we read
   * them, with everything up to `asOf` (GitHub's time, in milliseconds since the epoch) in it.
   */
  readonly issue: { readonly title: string; readonly body: string; readonly asOf?: number };
}

/** Why a trigger starts nothing. Each kind has one sentence with a next step in `render/`. */
export type Refusal =
  | { readonly kind: "permission"; readonly has: string }
  | { readonly kind: "bot" }
  | { readonly kind: "edited_command" }
  | { readonly kind: "quoted_command" }
  | { readonly kind: "unknown_command"; readonly word: string }
  | { readonly kind: "bad_argument"; readonly usage: string; readonly detail: string }
  | { readonly kind: "bad_config"; readonly file: string; readonly problems: readonly string[] }
  | { readonly kind: "unknown_profile"; readonly profile: string; readonly known: readonly string[] }
  | { readonly kind: "edited_by_stranger"; readonly login: string; readonly seconds: number }
  | { readonly kind: "already_running" }
  | { readonly kind: "pull_request_open"; readonly number: number }
  | { readonly kind: "nothing_to_stop" }
  | { readonly kind: "no_pull_request" }
  | { readonly kind: "nothing_pending" }
  | { readonly kind: "not_paused" }
  | { readonly kind: "issue_closed" }
  | { readonly kind: "label_on_pull_request" }
  | { readonly kind: "command_not_here"; readonly where: "issue" | "pull request" }
  | { readonly kind: "unsupported_repository"; readonly reason: string };
