import type { FeedbackItem } from "../orchestrator/domain/feedback.ts";
import type { LeftOutFeedback } from "./conversation.ts";

/** What one thread, review or conversation comment adds to the selection. */
export interface Selected {
  readonly items: readonly FeedbackItem[];
  /** Whether the items belong to a review that requests changes. */
  readonly changesRequested: "yes" | "no";
  readonly leftOut: readonly LeftOutFeedback[];
  readonly removed: number;
}
