import type { Effect } from "./effect.ts";
import type { Asked } from "./review.ts";

/** The order to read the pull request; at once when no time (ms since the epoch) is given. */
export function readFeedback(number: number, notBefore = 0, asked?: Asked): Effect {
  return { type: "read_feedback", number, notBefore, asked };
}
