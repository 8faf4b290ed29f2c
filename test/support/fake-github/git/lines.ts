import { gitText, runGit } from "./git.ts";

/** What stands at one line of a pull request's diff. */
export interface PlaceInDiff {
  readonly path: string;
  /** Line of the new file. */
  readonly line: number;
}

/** A replaced stretch of a file: `removed` lines at `from` became `added` ones. */
interface Change {
  readonly from: number;
  readonly removed: number;
  readonly added: number;
}

/** Where lines of an older commit are in a newer one. */
export interface MovedLines {
  /** The line's number now, or undefined when it was changed or removed. */
  lineOf(place: PlaceInDiff): number | undefined;
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** The diff of the given files as reviewers see it, by path. One git process however many files there are. */
export async function diffOf(
  directory: string,
  range: { readonly base: string; readonly head: string },
  paths: readonly string[],
): Promise<Map<string, string>> {
  const { code, stdout } = await runGit(
    directory,
    ["diff", "--no-renames", "-z", "--patch", `${range.base}...${range.head}`, "--", ...paths],
    { codes: [128] },
  );
  return code === 0 ? byPath(stdout.toString()) : new Map();
}

/**
 * The hunk around a line as GitHub keeps it with a comment: from its `@@` to that line. Undefined when the diff does not
 * show the line, where nobody can comment.
 */
export function hunkUpTo(diff: string, line: number): string | undefined {
  let hunk: string[] = [];
  let at = 0;
  for (const text of diff.split("\n")) {
    const start = HUNK.exec(text);
    if (start !== null) {
      hunk = [text];
      at = Number(start[3]) - 1;
      continue;
    }
    hunk.push(text);
    if (!text.startsWith("-") && !text.startsWith("\\")) at += 1;
    if (at === line && hunk.length > 1 && !text.startsWith("-") && !text.startsWith("\\")) return hunk.join("\n");
  }
  return undefined;
}

/** How the lines of the given files moved between two commits. */
export async function movedLines(
  directory: string,
  range: { readonly from: string; readonly to: string },
  paths: readonly string[],
): Promise<MovedLines> {
  const args = ["diff", "--no-renames", "-z", "--patch", "--unified=0", range.from, range.to, "--", ...paths];
  const changes = new Map([...byPath(await gitText(directory, args))].map(([path, diff]) => [path, changesIn(diff)]));
  return {
    lineOf({ path, line }) {
      let shift = 0;
      for (const { from, removed, added } of changes.get(path) ?? []) {
        if (from > line) break;
        // An insertion names the line it follows: that line itself stays.
        if (removed === 0 ? from === line : line < from + removed) return removed === 0 ? line + shift : undefined;
        shift += added - removed;
      }
      return line + shift;
    },
  };
}

function changesIn(diff: string): Change[] {
  return diff.split("\n").flatMap((line) => {
    const hunk = HUNK.exec(line);
    if (hunk === null) return [];
    return [{ from: Number(hunk[1]), removed: Number(hunk[2] ?? 1), added: Number(hunk[4] ?? 1) }];
  });
}

/** Splits a patch into the hunks of its files. With `-z` git writes paths as they are; a tab follows those with spaces. */
function byPath(patch: string): Map<string, string> {
  const files = patch.split(/^diff --git /m).slice(1);
  return new Map(
    files.flatMap((file) => {
      const start = file.search(/^@@ /m);
      const head = file.slice(0, Math.max(0, start));
      const path = /^\+\+\+ b\/(.*)$/m.exec(head)?.[1] ?? /^--- a\/(.*)$/m.exec(head)?.[1];
      return path === undefined ? [] : [[path.replace(/\t$/, ""), file.slice(start).replace(/\n$/, "")]];
    }),
  );
}
