/** Words that say nothing about what a finding is about. */
const fillers = new Set(
  "a an and are as at be been but by can could do does for from has have if in into is it its may might not of on or should so that the their then there this to was we when which will with would you your".split(
    " ",
  ),
);

/** Texts at least this alike say the same. Between two wordings of one finding and two findings of one kind. */
const alike = 0.6;
/** More words than this make no text easier to recognise. */
const mostWords = 200;

/**
 * The distinct words of a text in small letters, without fillers, markup and numbers: line numbers and commits differ
 * each time the same is said.
 */
export function wordsOf(text: string): ReadonlySet<string> {
  const words = text.toLowerCase().match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? [];
  return new Set(words.filter((word) => !fillers.has(word) && !/^[0-9a-f]{7,40}$/.test(word)).slice(0, mostWords));
}

/** The share of common words among all words of two texts: 0 to 1. Two texts without words have nothing in common. */
export function similarity(a: string, b: string): number {
  const left = wordsOf(a);
  const right = wordsOf(b);
  const common = [...left].filter((word) => right.has(word)).length;
  const all = left.size + right.size - common;
  return all === 0 ? 0 : common / all;
}

/** Whether two texts say the same in nearly the same words. */
export function saysTheSame(a: string, b: string): boolean {
  return similarity(a, b) >= alike;
}

/**
 * Whether a text only gives back what was said: nothing beside quotes, or nearly the same words without quote marks. A
 * few words prove nothing: "the name is unclear" can be a finding although an answer had those words too.
 */
export function echoes(text: string, said: string): boolean {
  const lines = text.split("\n");
  const own = lines.filter((line) => !/^\s*>/.test(line)).join("\n");
  if (own.trim() === "" || wordsOf(own).size === 0) return own.length < text.length;
  return wordsOf(own).size >= 6 && similarity(own, said) >= 0.8;
}
