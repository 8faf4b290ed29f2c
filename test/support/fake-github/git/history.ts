import type { PullStats } from "../world/model.ts";
import { gitText, runGit } from "./git.ts";

/** A commit as git knows it. Times in seconds are turned into milliseconds. */
export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: number;
}

export interface ChangedFile {
  readonly path: string;
  readonly previous: string | undefined;
  readonly status: "added" | "modified" | "removed" | "renamed";
  readonly additions: number;
  readonly deletions: number;
  readonly sha: string | null;
}

const NO_SHA = "0".repeat(40);
const FORMAT = "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x01";

/** Branches and tags with their shas. */
export async function refsOf(directory: string): Promise<Map<string, string>> {
  const text = await gitText(directory, [
    "for-each-ref",
    "--format=%(refname) %(objectname)",
    "refs/heads",
    "refs/tags",
  ]);
  return new Map(text.split("\n").flatMap((line) => (line === "" ? [] : [line.split(" ") as [string, string]])));
}

/** The sha a name stands for, or undefined. Names that begin with a dash are never names. */
export async function resolveRef(directory: string, name: string): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const { code, stdout } = await runGit(directory, args, { codes: [1, 128] });
  const sha = stdout.toString().trim().split("\n").at(-1);
  return code === 0 && sha !== "" ? sha : undefined;
}

/** Commits of a range or of one revision, newest first. */
export async function commitsOf(directory: string, range: string, limit = 250): Promise<CommitFacts[]> {
  const text = await gitText(directory, ["log", `--format=${FORMAT}`, "-n", String(limit), "--end-of-options", range]);
  return text.split("\x01").flatMap((record) => (record.trim() === "" ? [] : [parseCommit(record.replace(/^\n/, ""))]));
}

/** Whether the first commit is contained in the second. */
export async function isAncestor(directory: string, older: string, newer: string): Promise<boolean> {
  const { code } = await runGit(directory, ["merge-base", "--is-ancestor", older, newer], { codes: [1, 128] });
  return code === 0;
}

/** What the head changes compared with the point where it left the base. */
export async function changedFiles(directory: string, base: string, head: string): Promise<ChangedFile[]> {
  const diff = ["diff", "--raw", "-z", "--numstat", "-M", "--no-abbrev"];
  const { code, stdout } = await runGit(directory, [...diff, `${base}...${head}`], { codes: [128] });
  // Without a common ancestor there is no such point: then everything counts.
  const raw = code === 0 ? stdout.toString() : await gitText(directory, [...diff, base, head]);
  return parseChanges(raw.split("\0"));
}

/** The patch of one file as GitHub shows it: hunks only. */
export async function patchOf(directory: string, range: string, path: string): Promise<string | undefined> {
  const text = await gitText(directory, ["diff", "-M", range, "--", path]);
  const start = text.indexOf("@@");
  return start === -1 ? undefined : text.slice(start);
}

/** The numbers a pull request shows. */
export async function pullStats(directory: string, base: string, head: string): Promise<PullStats> {
  const files = await changedFiles(directory, base, head);
  const commits = await gitText(directory, ["rev-list", "--count", `${base}..${head}`]);
  const sum = (pick: (file: ChangedFile) => number): number => files.reduce((total, file) => total + pick(file), 0);
  return {
    commits: Number(commits),
    additions: sum((file) => file.additions),
    deletions: sum((file) => file.deletions),
    changedFiles: files.length,
  };
}

function parseCommit(record: string): CommitFacts {
  const [sha = "", tree = "", parents = "", an = "", ae = "", at = "", cn = "", ce = "", ct = "", message = ""] =
    record.split("\0");
  return {
    sha,
    tree,
    parents: parents.split(" ").filter((parent) => parent !== ""),
    author: { name: an, email: ae, at: Number(at) * 1000 },
    committer: { name: cn, email: ce, at: Number(ct) * 1000 },
    message: message.replace(/\n$/, ""),
  };
}

function parseChanges(fields: readonly string[]): ChangedFile[] {
  const files = new Map<string, ChangedFile>();
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] ?? "";
    const raw = /^\n?:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) ([A-Z])/.exec(field);
    const count = /^\n?(\d+|-)\t(\d+|-)\t(.*)$/s.exec(field);
    if (raw !== null) {
      const isRename = raw[2] === "R";
      const previous = isRename ? fields[++index] : undefined;
      const path = fields[++index] ?? "";
      const sha = raw[1] === NO_SHA ? null : (raw[1] ?? null);
      files.set(path, { path, previous, status: statusWord(raw[2]), additions: 0, deletions: 0, sha });
    } else if (count !== null) {
      if (count[3] === "") index += 2;
      const path = count[3] === "" ? (fields[index] ?? "") : (count[3] ?? "");
      const file = files.get(path);
      if (file !== undefined)
        files.set(path, { ...file, additions: Number(count[1]) || 0, deletions: Number(count[2]) || 0 });
    }
  }
  return [...files.values()];
}

function statusWord(letter: string | undefined): ChangedFile["status"] {
  if (letter === "A") return "added";
  if (letter === "D") return "removed";
  return letter === "R" ? "renamed" : "modified";
}
