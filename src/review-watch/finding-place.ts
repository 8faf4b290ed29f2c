/** Where a finding says it stands. */
export interface FindingPlace {
  readonly path: string | undefined;
  /** First line of the range. */
  readonly line: number | undefined;
}

export const nowhere: FindingPlace = { path: undefined, line: undefined };
/** What may stand before the place: emphasis, bullets, numbers of a list, symbols. */
const dressing = /^(?:\*|_(?=[*_\s\p{S}])|[\s~•–—-]|(?!`)\p{S}|\d{1,3}[.)]\s)+/u;
const range = /(\d{1,7})(?:\s*(?:[-–—]|to)\s*L?\d{1,7})?/;
const lineInCode = new RegExp(`^\`L?${range.source}(?:,[^\`]*)?\``);
const lineInWords = new RegExp(`^(?:lines?\\s+|L(?=\\d))${range.source}(?!\\w)`, "i");
const lineAfterPath = new RegExp(`^(?::|#L?)${range.source}(?!\\w)`);
const lineInWordsAfterPath = new RegExp(`^[\\s,;:]*\\(?(?:(?:at|on)\\s+)?lines?\\s+${range.source}(?!\\w)`, "i");
const bareFiles =
  /^(?:Makefile|Dockerfile|Containerfile|Gemfile|Rakefile|Justfile|Procfile|CODEOWNERS|LICENSE|README)$/;

/** The place a finding begins with, such as `` `12-14`: `` or `src/a.ts:12`, in text whose code stands in backticks. */
export function placeAtStart(text: string): FindingPlace | undefined {
  const start = text.replace(dressing, "");
  const line = lineInCode.exec(start) ?? lineInWords.exec(start);
  if (line) return { path: undefined, line: Number(line[1]) };
  return pathAt(start);
}

/** The first place a finding names anywhere: a path with a line, or one in code. */
export function placeAnywhere(text: string): FindingPlace {
  const atStart = placeAtStart(text);
  if (atStart?.path !== undefined) return atStart;
  for (const word of text.matchAll(/(?<=^|[\s([*_])[`\w.@/][^\s]*/g)) {
    const place = pathAt(text.slice(word.index));
    if (place) return { path: place.path, line: place.line ?? atStart?.line };
  }
  return atStart ?? nowhere;
}

/** The path that is all of a heading or summary, with a count behind it: `src/a.ts (2)`. */
export function pathTitle(title: string): string | undefined {
  const name = title
    .replace(dressing, "")
    .replace(/\s*\(\d+\)\s*$/, "")
    .replace(/[*`\s]+$/, "")
    .replace(/^`/, "");
  return /^\S+$/.test(name) ? asPath(name, "in code") : undefined;
}

function pathAt(start: string): FindingPlace | undefined {
  const code = /^`([^`\n]{1,300})`/.exec(start);
  const token = code?.[1] ?? /^[^\s`*,;]{1,300}/.exec(start)?.[0];
  if (token === undefined) return undefined;
  const name = /^[^\s:#]+/.exec(token)?.[0] ?? "";
  const inside = lineAfterPath.exec(token.slice(name.length));
  if (code && inside === null && name !== token) return undefined;
  const after =
    inside ?? lineInWordsAfterPath.exec(start.slice(code ? code[0].length : token.length)) ?? behindCode(start, code);
  const path = asPath(name, code || after ? "in code" : "in prose");
  return path === undefined ? undefined : { path, line: after ? Number(after[1]) : undefined };
}

/** `` `src/a.ts`:12 `` */
function behindCode(start: string, code: RegExpExecArray | null): RegExpExecArray | null {
  return code ? lineAfterPath.exec(start.slice(code[0].length)) : null;
}

/** In prose only what has a folder and an ending is a path: `Node.js` and `and/or` are none. */
function asPath(name: string, where: "in code" | "in prose"): string | undefined {
  const path = name.replace(/^\.?\//, "").replace(/[.)\]]+$/, "");
  if (!/^[\w@+.()[\]{}~$-]+(?:\/[\w@+.()[\]{}~$-]+)*$/.test(path) || path.split("/").includes("..")) return undefined;
  const hasEnding = /\w\.[A-Za-z]\w{0,9}$/.test(path) || /(?:^|\/)\.\w/.test(path);
  const hasFolder = path.includes("/");
  if (where === "in prose") return hasEnding && hasFolder ? path : undefined;
  return hasEnding || bareFiles.test(path.split("/").at(-1) ?? "") ? path : undefined;
}
