import { callGit, GitError } from "./call-git.ts";
import { requireSha } from "./names.ts";
import type { Places, RunKey } from "./places.ts";
import { judgeProtected, type Protect } from "./protect.ts";
import { objectLimits, statObjects, treeOf } from "./read-objects.ts";
import { secretScan, withoutSecrets } from "./secret-scan.ts";
import { shownPath } from "./suspicious-names.ts";
import { judgeSymlinks } from "./symlinks.ts";
import { type Finding, judgeDirectory } from "./tree-policy.ts";
import { type Change, walkTrees } from "./tree-walk.ts";

/** Upper bounds of one change (T26). */
export interface TreeLimits {
  /** Changed files, deletions included (default 300). */
  readonly files: number;
  /** Size of the change as text, in bytes (default 4 MiB). */
  readonly patchBytes: number;
  /** Tree entries looked at (default 200,000). */
  readonly entries: number;
}

export interface JudgeOptions extends RunKey {
  readonly baseSha: string;
  readonly tip: string;
  readonly protect: Protect;
  readonly limits?: Partial<TreeLimits>;
  /** Exact values that must not be published (T32). */
  readonly secrets: readonly string[];
}

export type TreeVerdict =
  | {
      readonly kind: "accepted";
      /** Empty when both trees are the same. */
      readonly changedFiles: readonly string[];
      /** Changed files that a reviewer's eye is drawn to. */
      readonly flagged: readonly string[];
      readonly patchBytes: number;
    }
  | {
      readonly kind: "refused";
      /** Sentences for people; paths in them are cleaned and in code marks. */
      readonly reasons: readonly string[];
      readonly changedFiles: readonly string[];
    };

export type PatchOptions = RunKey & {
  readonly baseSha: string;
  readonly tip: string;
  readonly secrets: readonly string[];
  /** Default 4 MiB. */
  readonly maxBytes?: number;
};

const defaults: TreeLimits = { files: 300, patchBytes: 4 * 1024 * 1024, entries: 200_000 };
const maxReasons = 20;
/** GitHub warns above 50 MiB and refuses above 100; comparing such files would also cost too much. */
const maxFileBytes = 50 * 1024 * 1024;
const withheld = "(name withheld: it contains a secret)";

/**
 * Judges what an agent made, before anything of it is published: tree policy (T26), protected paths (T31), secrets
 * (T32). Only the two trees are compared; nothing is checked out and nothing is run.
 * @throws GitError when a commit is missing
 */
export async function judgeTree(places: Places, options: JudgeOptions): Promise<TreeVerdict> {
  const gitDir = await places.quarantine(options);
  const limits = { ...defaults, ...options.limits };
  const [before, after] = [await treeOf(gitDir, options.baseSha), await treeOf(gitDir, options.tip)];
  if (!before || !after) throw new GitError("A commit to judge is missing.");
  const scan = secretScan(options.secrets);
  const show = (path: string) => (scan(Buffer.from(path)) ? withheld : path);
  const walk = await walkTrees(gitDir, { before, after }, limits);
  const paths = walk.changes.map(({ path }) => path);
  const changedFiles = paths.map(show);
  const sentence = ({ path, says }: Finding) => `${show(path) === path ? shownPath(path) : withheld} ${says}.`;

  if (walk.stopped) return refused([tooMuch(walk.stopped, limits)], changedFiles);

  const findings = walk.directories.flatMap(judgeDirectory);
  const guarded = judgeProtected(paths, options.protect);
  const reasons = [...findings, ...protectedFindings(guarded)].map(sentence);
  if (changedFiles.includes(withheld)) reasons.push("The name of a changed file contains a secret.");
  reasons.push(...(await judgeSymlinks(gitDir, options.tip, walk.changes)).map(sentence));
  const content = await judgeContent(gitDir, { ...options, changes: walk.changes, limits, scan });
  reasons.push(...content.findings.map(sentence), ...content.reasons);
  if (reasons.length > 0) return refused(reasons, changedFiles);
  return { kind: "accepted", changedFiles, flagged: guarded.flagged, patchBytes: content.bytes };
}

/**
 * Writes the change down as a patch for the operator, with known secrets blanked. Longer ones are cut, and say so.
 */
export async function patchOf(places: Places, options: PatchOptions): Promise<string> {
  const gitDir = await places.quarantine(options);
  const maxBytes = options.maxBytes ?? defaults.patchBytes;
  const answer = await callGit({ ...diff(gitDir, options, ["--binary"]), maxOutput: maxBytes });
  const text = withoutSecrets(answer.stdout.subarray(0, maxBytes).toString("utf8"), options.secrets);
  if (!answer.cut && answer.code === 0) return text;
  return `${text}\n[The patch ends here: it is longer than ${maxBytes} bytes or took too long to make.]\n`;
}

function protectedFindings(verdict: { readonly denied: readonly string[]; readonly held: readonly string[] }) {
  const held = "is on this repository's hold list; approving held work is not possible yet, so it counts as denied";
  return [
    ...verdict.denied.map((path) => ({ path, says: "is protected: agents may not change it" })),
    ...verdict.held.map((path) => ({ path, says: held })),
  ];
}

interface Content {
  readonly findings: readonly Finding[];
  readonly reasons: readonly string[];
  readonly bytes: number;
}

async function judgeContent(
  gitDir: string,
  options: {
    readonly baseSha: string;
    readonly tip: string;
    readonly changes: readonly Change[];
    readonly limits: TreeLimits;
    readonly scan: (content: Buffer) => boolean;
  },
): Promise<Content> {
  const huge = await hugeFiles(gitDir, options.changes);
  if (huge.length > 0) return { findings: huge, reasons: [], bytes: 0 };
  const { patchBytes } = options.limits;
  const answer = await callGit({ ...diff(gitDir, options, ["--text"]), maxOutput: patchBytes });
  const tooBig = `The change is bigger than ${inWords(patchBytes)} as text.`;
  if (answer.cut === "output") return { findings: [], reasons: [tooBig], bytes: 0 };
  if (answer.cut || answer.code !== 0)
    return { findings: [], reasons: ["The change could not be compared."], bytes: 0 };
  const leak = "The change contains a secret of this installation. Its text is not repeated here.";
  const reasons = options.scan(addedLines(answer.stdout)) ? [leak] : [];
  return { findings: [], reasons, bytes: answer.stdout.length };
}

async function hugeFiles(gitDir: string, changes: readonly Change[]): Promise<readonly Finding[]> {
  const added = changes.filter(({ after }) => after !== undefined && after.mode !== "160000");
  const facts = await statObjects(
    gitDir,
    added.map(({ after }) => after?.sha ?? ""),
  );
  return added
    .filter((_, index) => (facts[index]?.size ?? Number.POSITIVE_INFINITY) > maxFileBytes)
    .map(({ path }) => ({ path, says: `is bigger than ${inWords(maxFileBytes)}` }));
}

function diff(gitDir: string, commits: { readonly baseSha: string; readonly tip: string }, flags: readonly string[]) {
  const plain = ["--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--full-index"];
  const range = ["--end-of-options", requireSha(commits.baseSha), requireSha(commits.tip)];
  return { gitDir, args: ["diff-tree", "-r", "-p", ...plain, ...flags, ...range], env: objectLimits };
}

/** What a patch adds, file headers included, without the marks. */
function addedLines(patch: Buffer): Buffer {
  const lines = patch.toString("latin1").split("\n");
  const added = lines.filter((line) => line.startsWith("+")).map((line) => line.slice(1));
  return Buffer.from(added.join("\n"), "latin1");
}

function tooMuch(which: "files" | "entries" | "depth", limits: TreeLimits): string {
  if (which === "files") return `More than ${limits.files} files were changed.`;
  if (which === "entries") return `The change unfolds into more than ${limits.entries} tree entries.`;
  return "Directories are nested too deeply.";
}

function refused(reasons: readonly string[], changedFiles: readonly string[]): TreeVerdict {
  const more = reasons.length - maxReasons;
  const shown = more > 0 ? [...reasons.slice(0, maxReasons), `And ${more} more.`] : reasons;
  return { kind: "refused", reasons: shown, changedFiles };
}

function inWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.floor(bytes / 1024 / 1024)} MiB` : `${bytes} bytes`;
}
