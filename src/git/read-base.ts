import { callGit, mustGit } from "./call-git.ts";
import { requireSha } from "./names.ts";
import { readObjects } from "./read-objects.ts";

const maxFileBytes = 64 * 1024;
const maxListing = 64 * 1024 * 1024;
const maxAttributeFiles = 2000;

/**
 * Reads one file of a commit as text, at most its first 64 KiB. Ordinary files only: a symlink, a directory or a
 * submodule of that name counts as missing, so that a repository cannot point us somewhere else.
 * @returns the text (bytes that are not UTF-8 become U+FFFD), or undefined when there is no such file
 */
export async function readFileAt(gitDir: string, sha: string, path: string): Promise<string | undefined> {
  if (path === "" || path.includes("\0")) return undefined;
  const listing = await mustGit({ gitDir, args: ["ls-tree", "-z", "--full-tree", requireSha(sha), "--", path] });
  const entry = listing
    .toString("utf8")
    .split("\0")
    .find((line) => line.endsWith(`\t${path}`));
  const [, blob] = /^100(?:644|755|664) blob ([0-9a-f]{40})\t/.exec(entry ?? "") ?? [];
  if (!blob) return undefined;
  const { stdout } = await callGit({ gitDir, args: ["cat-file", "blob", blob], maxOutput: maxFileBytes });
  return stdout.subarray(0, maxFileBytes).toString("utf8");
}

/**
 * Tells why Baton cannot work on a commit (product.md §8: submodules and LFS are not supported yet).
 * @returns the reason as a sentence, or undefined when there is none
 */
export async function unsupported(gitDir: string, sha: string): Promise<string | undefined> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", requireSha(sha)];
  const listing = await callGit({ gitDir, args, maxOutput: maxListing });
  if (listing.cut) return "This repository has too many files for Baton.";
  if (listing.code !== 0) await mustGit({ gitDir, args });
  const attributes: string[] = [];
  for (const line of listing.stdout.toString("utf8").split("\0")) {
    if (line.startsWith("160000 ")) return "This repository uses git submodules, which Baton does not support yet.";
    if (/\t(?:.*\/)?\.gitattributes$/.test(line) && line.startsWith("100")) attributes.push(line.slice(12, 52));
  }
  return (await anyLfs(gitDir, attributes))
    ? "This repository uses Git LFS, which Baton does not support yet."
    : undefined;
}

async function anyLfs(gitDir: string, blobs: readonly string[]): Promise<boolean> {
  const files = await readObjects(gitDir, [...new Set(blobs)].slice(0, maxAttributeFiles), maxListing);
  if (!files) return false;
  return [...files.values()].some(({ body }) => /^[^#\n]*\sfilter=lfs(?:\s|$)/m.test(body.toString("latin1")));
}
