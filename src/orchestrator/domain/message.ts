import type { FailureClass } from "./task.ts";
import type { Actor, Refusal } from "./trigger.ts";

/** One value per thing Baton can say in a new comment. Rendered in `render/`, posted by the `say` effect. */
export type Message =
  | { readonly kind: "refusal"; readonly to: Actor; readonly refusal: Refusal }
  | { readonly kind: "help"; readonly to: Actor }
  | { readonly kind: "question"; readonly to: Actor; readonly question: string }
  | { readonly kind: "nothing_to_change"; readonly to: Actor; readonly reason: string }
  | {
      readonly kind: "blocked";
      readonly to: Actor;
      readonly reasons: readonly string[];
      readonly run: string;
      readonly kept: "as_patch" | "not_kept";
    }
  | { readonly kind: "limit_reached"; readonly to: Actor; readonly which: string }
  | { readonly kind: "failed"; readonly to: Actor; readonly class: FailureClass; readonly detail: string };
