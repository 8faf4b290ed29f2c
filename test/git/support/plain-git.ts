import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";

/** Runs git as the people and agents in the tests do. Never synchronously: the server may live in this process. */
export function git(gitDir: string, args: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("git", args, { env: plainEnv(gitDir), maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`git ${args.join(" ")}: ${stderr}`));
      else resolve(stdout.trimEnd());
    });
    // A git that ended before it read everything says why by its exit code.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input ?? "");
  });
}

function plainEnv(gitDir: string): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: "/nonexistent",
    GIT_DIR: gitDir,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    LC_ALL: "C",
  };
}

/** What stands at a path. A plain text is an ordinary file. */
export type Node =
  | string
  | Buffer
  | { readonly mode: string; readonly body: string | Buffer }
  | { readonly mode: "160000"; readonly sha: string }
  | { readonly mode: "40000"; readonly sha: string };

/** Paths and what stands there. Names are taken byte for byte (latin1 keys in a Map allow bytes that are not UTF-8). */
export type Files = Readonly<Record<string, Node>>;

export const link = (target: string) => ({ mode: "120000", body: target });
export const submodule = { mode: "160000", sha: "1".repeat(40) } as const;

/** Writes a loose object without asking git whether it is a good one, which git's own commands would. */
export function writeObject(gitDir: string, type: string, body: Buffer | string): string {
  const bytes = Buffer.from(body);
  const whole = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]);
  const sha = createHash("sha1").update(whole).digest("hex");
  const path = join(gitDir, "objects", sha.slice(0, 2), sha.slice(2));
  if (existsSync(path)) return sha;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, deflateSync(whole, { level: 1 }));
  return sha;
}

/** Writes one tree from its entries, sorted as git wants them. */
export function writeTree(
  gitDir: string,
  entries: readonly { readonly mode: string; readonly name: string | Buffer; readonly sha: string }[],
): string {
  const sorted = entries
    .map((entry) => ({ ...entry, bytes: Buffer.from(entry.name) }))
    .sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)));
  const lines = sorted.map(({ mode, bytes, sha }) =>
    Buffer.concat([Buffer.from(`${mode} `), bytes, Buffer.from([0]), Buffer.from(sha, "hex")]),
  );
  return writeObject(gitDir, "tree", Buffer.concat(lines));
}

/** Writes files as nested trees; `/` in a path makes directories, whatever their names. */
export function writeFiles(gitDir: string, files: Files): string {
  const here: { mode: string; name: string; sha: string }[] = [];
  const below = new Map<string, Record<string, Node>>();
  for (const [path, node] of Object.entries(files)) {
    const slash = path.indexOf("/");
    if (slash < 0) here.push({ name: path, ...writeNode(gitDir, node) });
    else below.set(path.slice(0, slash), { ...below.get(path.slice(0, slash)), [path.slice(slash + 1)]: node });
  }
  for (const [name, inner] of below) here.push({ mode: "40000", name, sha: writeFiles(gitDir, inner) });
  return writeTree(gitDir, here);
}

/** Writes a commit of a tree. Always the same person and time. */
export function writeCommit(gitDir: string, tree: string, parents: readonly string[], message = "work"): string {
  const who = "Ann Agent <ann@example.com> 1700000000 +0000";
  const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${who}`, `committer ${who}`];
  return writeObject(gitDir, "commit", `${lines.join("\n")}\n\n${message}\n`);
}

function writeNode(gitDir: string, node: Node): { mode: string; sha: string } {
  if (typeof node === "string" || Buffer.isBuffer(node)) {
    return { mode: "100644", sha: writeObject(gitDir, "blob", node) };
  }
  if ("sha" in node) return { mode: node.mode, sha: node.sha };
  return { mode: node.mode, sha: writeObject(gitDir, "blob", node.body) };
}

function sortKey(entry: { readonly mode: string; readonly bytes: Buffer }): Buffer {
  return entry.mode === "40000" ? Buffer.concat([entry.bytes, Buffer.from("/")]) : entry.bytes;
}
