/**
 * A fenced code block whose fence is longer than any run of its own marks inside, so nothing in the text can close
 * it. Line ends at the end of the text are dropped.
 *
 * @param language info string, in our words
 */
export function fencedBlock(text: string, language = "text"): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text.replace(/\n+$/, "")}\n${fence}`;
}

/** A code span that shows exactly this text on one line. */
export function codeSpan(text: string): string {
  const line = text.replaceAll("\n", " ");
  const fence = "`".repeat(longestRun(line) + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
