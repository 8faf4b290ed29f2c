/** A text and how much was taken out of it. */
export interface Stripped {
  readonly text: string;
  /** Code points or elements removed. */
  readonly removed: number;
}

/**
 * Everything a reader does not see: default-ignorable code points (tags, variation selectors, fillers, U+2060–2064),
 * format characters (LRM, RLM, ZWJ), private use, lone surrogates, unassigned code points, and controls other than
 * line feed and tab.
 */
const invisible = /(?![\n\t])[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Cc}]/gu;

/** Every way to end a line becomes a line feed; this is spelling, not hidden text, and is not counted. */
const lineEnds = /\r\n?|[\u2028\u2029]/g;

/**
 * Removes what nobody can see (security.md T13) and unifies line ends. Emoji lose their joiners and variation
 * selectors, so a family becomes its members side by side: still readable.
 */
export function stripInvisible(text: string): Stripped {
  const lines = text.replace(lineEnds, "\n");
  let removed = 0;
  const kept = lines.replace(invisible, () => {
    removed += 1;
    return "";
  });
  return { text: kept, removed };
}

/** Whether this code point would be removed by {@link stripInvisible}. Numbers outside Unicode count as invisible. */
export function isInvisible(codePoint: number): boolean {
  if (codePoint > 0x10ffff) return true;
  return stripInvisible(String.fromCodePoint(codePoint)).removed > 0;
}
