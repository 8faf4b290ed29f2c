/** Something that is data for the agent and must not be taken for instructions. */
export interface FencedData {
  /** What it is, in our words: never a text from outside. */
  readonly label: string;
  readonly text: string;
  /** Random letters and digits, drawn once per run by the caller (security.md T14). */
  readonly token: string;
}

/**
 * Encloses a text between two lines that nobody can forge who does not know the run's token.
 *
 * @throws Error `weak_fence` for a token under 16 letters and digits, `fence_collision` when the text contains it:
 * draw another one.
 */
export function fenceData({ label, text, token }: FencedData): string {
  if (!/^[A-Za-z0-9]{16,}$/.test(token)) {
    throw Object.assign(new Error("A fence needs at least 16 letters or digits."), { code: "weak_fence" });
  }
  if (text.includes(token)) {
    throw Object.assign(new Error("The text contains the fence; draw another."), { code: "fence_collision" });
  }
  return [`----- BEGIN ${label} ${token} -----`, text, `----- END ${label} ${token} -----`].join("\n");
}
