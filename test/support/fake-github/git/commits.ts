import { mkdir, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "../world/model.ts";
import { gitText, runGit } from "./git.ts";

/** What a path shall hold after a commit. Null removes it. */
export type FileChange =
  | string
  | Buffer
  | null
  | { readonly content: string | Buffer; readonly executable: true }
  | { readonly symlink: string };
export type Files = Readonly<Record<string, FileChange>>;

export interface NewCommit {
  readonly branch: string;
  /** The parent; undefined for the first commit of a repository. */
  readonly from: string | undefined;
  readonly files: Files;
  readonly message: string;
  readonly author: Account;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Makes an empty bare repository. */
export async function createBareRepository(directory: string, defaultBranch: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await runGit(directory, ["init", "--quiet", "--bare", "--template=", "-b", defaultBranch]);
}

/** Adds one commit to a branch without a working tree. One git process however many files there are. Gives its sha. */
export async function addCommit(directory: string, commit: NewCommit): Promise<string> {
  const person = `${commit.author.login} <${emailOf(commit.author)}> ${Math.floor(commit.at / 1000)} +0000\n`;
  const parts: (string | Buffer)[] = [
    `commit refs/heads/${commit.branch}\nmark :1\nauthor ${person}committer ${person}`,
    ...data(commit.message),
    commit.from === undefined ? "" : `from ${commit.from}\n`,
    ...Object.entries(commit.files).flatMap(([path, change]) => fileCommand(path, change)),
    "\nget-mark :1\ndone\n",
  ];
  const input = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return gitText(directory, ["fast-import", "--quiet", "--done", "--force"], { input });
}

/** The files under a directory of a test's fixtures, as the content of a commit. */
export async function filesIn(directory: string): Promise<Files> {
  const files: Record<string, FileChange> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (name === ".git" || name.startsWith(".git/")) continue;
    if (entry.isSymbolicLink()) files[name] = { symlink: await readlink(path) };
    else if (entry.isFile()) files[name] = await fileAt(path);
  }
  return files;
}

/** The address GitHub gives an account for its commits. */
export function emailOf(account: Account): string {
  return `${account.id}+${account.login}@users.noreply.github.com`;
}

async function fileAt(path: string): Promise<FileChange> {
  const content = await readFile(path);
  const { mode } = await stat(path);
  return (mode & 0o100) === 0 ? content : { content, executable: true };
}

function fileCommand(path: string, change: FileChange): (string | Buffer)[] {
  const name = `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  if (change === null) return [`D ${name}\n`];
  if (typeof change === "string" || Buffer.isBuffer(change)) return [`M 100644 inline ${name}\n`, ...data(change)];
  if ("symlink" in change) return [`M 120000 inline ${name}\n`, ...data(change.symlink)];
  return [`M 100755 inline ${name}\n`, ...data(change.content)];
}

function data(content: string | Buffer): (string | Buffer)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, "\n"];
}
