import { foldedName, nameProblem } from "./suspicious-names.ts";
import { type ChangedDirectory, modes, pathIn, type TreeEntry } from "./tree-walk.ts";

/** Something in a tree that the gate refuses: `says` ends a sentence that begins with the path. */
export interface Finding {
  readonly path: string;
  readonly says: string;
}

const ordinary = new Set(["100644", "100755", modes.directory, modes.symlink]);

/**
 * Judges one directory that changed (T26). Only what is new or changed counts: a repository may keep what it has.
 */
export function judgeDirectory(directory: ChangedDirectory): readonly Finding[] {
  const before = new Map(directory.before.map((entry) => [entry.key, entry]));
  const findings: Finding[] = [];
  for (const entry of directory.after) {
    const old = before.get(entry.key);
    if (old && old.sha === entry.sha && old.mode === entry.mode) continue;
    const says = entryProblem(entry, old);
    if (says) findings.push({ path: pathIn(directory.path, entry.name), says });
  }
  return [...findings, ...collisions(directory, before)];
}

function entryProblem(entry: TreeEntry, old: TreeEntry | undefined): string | undefined {
  if (entry.mode === modes.submodule) return "is a submodule, which is not allowed";
  if (!ordinary.has(entry.mode) && entry.mode !== old?.mode) return "is not an ordinary file";
  const says = entry.isText ? nameProblem(entry.name) : "has a name that is not UTF-8 text";
  if (!old) return says;
  // What the repository has under such a name may stay, but the agent has no business in it.
  return says?.startsWith("can be taken for") ? says : undefined;
}

/** Names that are one name where case or Unicode form does not count, at least one of them new. */
function collisions(directory: ChangedDirectory, before: ReadonlyMap<string, TreeEntry>): readonly Finding[] {
  const groups = new Map<string, TreeEntry[]>();
  for (const entry of directory.after) {
    const folded = foldedName(entry.name);
    const group = groups.get(folded);
    if (group) group.push(entry);
    else groups.set(folded, [entry]);
  }
  const findings: Finding[] = [];
  for (const entries of groups.values()) {
    const added = entries.find((entry) => !before.has(entry.key));
    if (entries.length < 2 || added === undefined) continue;
    const says = "is the same name as its neighbour on systems where case or Unicode form does not count";
    findings.push({ path: pathIn(directory.path, added.name), says });
  }
  return findings;
}
