import type { LedgerRow } from "./feedback.ts";
import type { Position, StopReason } from "./progress.ts";
import type { FailureClass } from "./task.ts";
import type { Actor, Refusal } from "./trigger.ts";

/** One value per thing Baton can say in a new comment. Rendered in `render/`, posted by the `say` effect. */
export type Message =
  | { readonly kind: "refusal"; readonly to: Actor; readonly refusal: Refusal }
  | { readonly kind: "help"; readonly to: Actor }
  /** In place of 👀 where GitHub has no reactions. */
  | { readonly kind: "seen"; readonly to: Actor }
  | { readonly kind: "question"; readonly to: Actor; readonly question: string }
  | { readonly kind: "nothing_to_change"; readonly to: Actor; readonly reason: string }
  | {
      readonly kind: "blocked";
      readonly to: Actor;
      readonly reasons: readonly string[];
      readonly run: string;
      readonly kept: "as_patch" | "not_kept";
    }
  /** Answers to feedback that has no thread of its own. */
  | { readonly kind: "answers"; readonly rows: readonly LedgerRow[]; readonly headSha: string | undefined }
  /** Rounds that lead nowhere: both positions, and one question. */
  | {
      readonly kind: "circling";
      readonly to: Actor;
      readonly reason: StopReason;
      readonly path: string | undefined;
      readonly positions: readonly Position[];
    }
  | { readonly kind: "resolution_refused"; readonly to: Actor; readonly reason: string }
  | { readonly kind: "limit_reached"; readonly to: Actor; readonly which: string }
  | { readonly kind: "failed"; readonly to: Actor; readonly class: FailureClass; readonly detail: string };
