/** Who plays. */
export const cast = {
  /** Opens the issue; may only read. */
  reporter: "bob",
  /** Asks Baton for the work. */
  requester: "ann",
  /** Reviews and merges; never asked for a run, so that the approval counts. */
  reviewer: "max",
  reviewBot: "harbour-hound[bot]",
  baton: "baton[bot]",
} as const;
