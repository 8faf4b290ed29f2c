/** What a round did to the lines of one file. Texts without the space around them; moved lines are in neither list. */
export interface LineChanges {
  readonly path: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** A line that came back to a text it had before. */
export interface Flip {
  readonly path: string;
  /** What it was, and is again. */
  readonly again: string;
  /** What it was in between. */
  readonly between: string;
  /** Positions in the list of rounds: the one that took the text away, and the one that brought it back. */
  readonly away: number;
  readonly back: number;
}

/** Bounds of what is kept of one round. A round that changes more is no flip of a line. */
const mostLines = 400;
const longestLine = 200;

/** Reads the changed lines of each file from a unified diff, as `git diff` writes it without prefixes or with `a/ b/`. */
export function lineChangesOf(diff: string): readonly LineChanges[] {
  const files = new Map<string, { removed: string[]; added: string[] }>();
  let current: { removed: string[]; added: string[] } | undefined;
  let left = { old: 0, new: 0 };
  let lines = 0;
  for (const line of diff.split("\n")) {
    if (left.old > 0 || left.new > 0) {
      if (!line.startsWith("+") && !line.startsWith("\\")) left.old -= 1;
      if (!line.startsWith("-") && !line.startsWith("\\")) left.new -= 1;
      const list = line.startsWith("-") ? current?.removed : line.startsWith("+") ? current?.added : undefined;
      const text = line.slice(1).trim().slice(0, longestLine);
      if (list && isTelling(text) && lines < mostLines) {
        list.push(text);
        lines += 1;
      }
      continue;
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk) left = { old: Number(hunk[1] ?? 1), new: Number(hunk[2] ?? 1) };
    const path = /^(?:---|\+\+\+) (?:[ab]\/)?([^\t]+)/.exec(line)?.[1];
    if (path === undefined || path === "/dev/null") continue;
    current = files.get(path) ?? { removed: [], added: [] };
    files.set(path, current);
  }
  return [...files].map(([path, { removed, added }]) => ({
    path,
    removed: removed.filter((text) => !added.includes(text)),
    added: added.filter((text) => !removed.includes(text)),
  }));
}

/** Brackets and the like come and go without meaning anything. */
function isTelling(text: string): boolean {
  return (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= 3;
}

/**
 * A line that the last of these rounds changed back to what an earlier round had changed, while that earlier round's
 * text went. The newest such pair; undefined when there is none.
 */
export function flipBack(rounds: readonly { readonly lines: readonly LineChanges[] }[]): Flip | undefined {
  const back = rounds.length - 1;
  for (let away = back - 1; away >= 0; away -= 1) {
    for (const now of rounds[back]?.lines ?? []) {
      const then = rounds[away]?.lines.find(({ path }) => path === now.path);
      const again = then?.removed.find((text) => now.added.includes(text));
      const gone = rounds.slice(away + 1).flatMap(({ lines }) => lines.filter(({ path }) => path === now.path));
      const between = then?.added.find((text) => gone.some(({ removed }) => removed.includes(text)));
      if (again !== undefined && between !== undefined) return { path: now.path, again, between, away, back };
    }
  }
  return undefined;
}
