import picomatch from "picomatch";
import { checkedOutAs } from "./suspicious-names.ts";

/** Globs by what they do to a run that touches a matching path (T31). */
export interface Protect {
  readonly deny: readonly string[];
  readonly hold: readonly string[];
  readonly flag: readonly string[];
}

export interface ProtectVerdict {
  readonly denied: readonly string[];
  readonly held: readonly string[];
  readonly flagged: readonly string[];
}

/**
 * Sorts changed paths, deletions included, by the strongest list they are on. Case does not count, and a path is also
 * taken as what Windows or macOS would make of it.
 */
export function judgeProtected(paths: readonly string[], protect: Protect): ProtectVerdict {
  const [deny, hold, flag] = [matcher(protect.deny), matcher(protect.hold), matcher(protect.flag)];
  const verdict = { denied: [] as string[], held: [] as string[], flagged: [] as string[] };
  for (const path of paths) {
    if (deny(path)) verdict.denied.push(path);
    else if (hold(path)) verdict.held.push(path);
    else if (flag(path)) verdict.flagged.push(path);
  }
  return verdict;
}

/** No extended globs: they are not needed, and hostile ones make slow expressions. */
const options = { dot: true, nocase: true, noextglob: true, nonegate: true } as const;

function matcher(globs: readonly string[]): (path: string) => boolean {
  const matches = globs.map((glob) => picomatch(glob, options));
  const bases = globs.map((glob) => picomatch.scan(glob, options).base.toLowerCase());
  return (path) => {
    const forms = [path, path.split("/").map(checkedOutAs).join("/")];
    return forms.some((form) => matches.some((match) => match(form)) || bases.some((base) => isAbove(form, base)));
  };
}

/** A changed file or link in the place of a directory that a glob protects takes everything below it away. */
function isAbove(path: string, base: string): boolean {
  return `${base}/`.startsWith(`${path.toLowerCase()}/`);
}
