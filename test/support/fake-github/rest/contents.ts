import { posix } from "node:path";
import { gitText, runGit } from "../git/git.ts";
import { type CommitFacts, commitsOf, refsOf, resolveRef } from "../git/history.ts";
import { commitJson } from "../present/commit.ts";
import { repositoryPage, repositoryUrl } from "../present/repository.ts";
import { nodeIdOfText } from "../world/ids.ts";
import type { JsonObject } from "../world/model.ts";
import { notFound, Refusal } from "../world/refusal.ts";
import { ok, type Reply, type RepositoryCall, type Route } from "./route.ts";

const READ = [{ contents: "read" }] as const;
/** Above a megabyte the JSON answer carries no content; the raw one does. */
const LARGEST_INLINE = 1_048_576;

/** Files, branches, refs and commits, read from the real repository. */
export const contentRoutes: readonly Route[] = [
  { route: "GET /repos/{owner}/{repo}/contents/{path}", for: "repository", needs: READ, answer: contents },
  { route: "GET /repos/{owner}/{repo}/git/ref/{ref}", for: "repository", needs: READ, answer: oneRef },
  { route: "GET /repos/{owner}/{repo}/git/matching-refs/{ref}", for: "repository", needs: READ, answer: matchingRefs },
  { route: "GET /repos/{owner}/{repo}/branches/{branch}", for: "repository", needs: READ, answer: branch },
  {
    route: "GET /repos/{owner}/{repo}/commits/{ref}",
    for: "repository",
    needs: READ,
    answer: async (call) => ok(commitJson(call.repository, await commitAt(call, call.params.ref ?? ""))),
  },
];

/** The commit a request names by branch, tag or sha. @throws Refusal 422 as GitHub does for names it does not know */
export async function commitAt(call: RepositoryCall, name: string): Promise<CommitFacts> {
  const { directory } = call.repository;
  const sha =
    (await resolveRef(directory, `refs/heads/${name.replace(/^heads\//, "")}`)) ?? (await resolveRef(directory, name));
  const commit = sha === undefined ? undefined : (await commitsOf(directory, sha, 1))[0];
  if (commit === undefined) throw new Refusal(422, `No commit found for SHA: ${name}`);
  return commit;
}

interface Entry {
  readonly mode: string;
  readonly sha: string;
  readonly size: number;
  readonly path: string;
}

async function contents(call: RepositoryCall): Promise<Reply> {
  const { directory, defaultBranch } = call.repository;
  const path = (call.params.path ?? "").replace(/\/$/, "");
  const commit = await resolveRef(directory, call.query.get("ref") ?? defaultBranch);
  if (commit === undefined) throw new Refusal(404, `No commit found for the ref ${call.query.get("ref")}`);
  const entry = path === "" ? undefined : (await listTree(directory, commit, path))[0];
  if (path !== "" && entry === undefined) throw notFound();
  if (entry === undefined || entry.mode === "040000") {
    const children = await listTree(directory, commit, path === "" ? "." : `${path}/`);
    return ok(children.map((child) => entryJson(call, child)));
  }
  const blob = await contentOf(directory, commit, entry);
  if (/raw/.test(call.accept)) return { status: 200, raw: blob.content };
  return ok(fileJson(call, { ...entry, mode: blob.mode }, blob.content));
}

/** A file's bytes. A link to a file of the repository gives that file's; any other link its target. */
async function contentOf(
  directory: string,
  commit: string,
  entry: Entry,
): Promise<{ readonly mode: string; readonly content: Buffer }> {
  const { stdout } = await runGit(directory, ["cat-file", "blob", entry.sha]);
  if (entry.mode !== "120000") return { mode: entry.mode, content: stdout };
  const path = posix.join(posix.dirname(entry.path), stdout.toString());
  const isOutside = path.startsWith("../") || path === ".." || posix.isAbsolute(stdout.toString());
  const target = isOutside ? undefined : (await listTree(directory, commit, path))[0];
  if (target === undefined || !target.mode.startsWith("100")) return { mode: entry.mode, content: stdout };
  return { mode: target.mode, content: (await runGit(directory, ["cat-file", "blob", target.sha])).stdout };
}

function fileJson(call: RepositoryCall, entry: Entry, content: Buffer): JsonObject {
  if (entry.mode === "120000") return { ...entryJson(call, entry), target: content.toString() };
  if (content.length > LARGEST_INLINE) return { ...entryJson(call, entry), encoding: "none", content: "" };
  const encoded = content.toString("base64").replace(/.{60}/g, "$&\n");
  return { ...entryJson(call, entry), encoding: "base64", content: `${encoded}\n` };
}

async function listTree(directory: string, commit: string, path: string): Promise<Entry[]> {
  const args = path === "." ? [commit] : [commit, "--", path];
  const text = await gitText(directory, ["ls-tree", "-l", "-z", ...args]);
  return text.split("\0").flatMap((line) => {
    const match = /^(\d+) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s.exec(line);
    return match === null
      ? []
      : [{ mode: match[1] ?? "", sha: match[2] ?? "", size: Number(match[3]) || 0, path: match[4] ?? "" }];
  });
}

function entryJson(call: RepositoryCall, entry: Entry): JsonObject {
  const type = { "040000": "dir", "120000": "symlink", "160000": "submodule" }[entry.mode] ?? "file";
  const ref = call.query.get("ref") ?? call.repository.defaultBranch;
  const url = `${repositoryUrl(call.repository)}/contents/${encodeURI(entry.path)}?ref=${encodeURIComponent(ref)}`;
  const git = `${repositoryUrl(call.repository)}/git/${type === "dir" ? "trees" : "blobs"}/${entry.sha}`;
  const html = `${repositoryPage(call.repository)}/blob/${encodeURI(ref)}/${encodeURI(entry.path)}`;
  return {
    name: entry.path.split("/").at(-1),
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    url,
    html_url: html,
    git_url: git,
    download_url: type === "dir" ? null : html.replace("/blob/", "/raw/"),
    type,
    _links: { self: url, git, html },
  };
}

async function oneRef(call: RepositoryCall): Promise<Reply> {
  const ref = `refs/${call.params.ref}`;
  const sha = (await refsOf(call.repository.directory)).get(ref);
  if (sha === undefined) throw notFound();
  return ok(refJson(call, ref, sha));
}

async function matchingRefs(call: RepositoryCall): Promise<Reply> {
  const refs = await refsOf(call.repository.directory);
  const shown = [...refs].filter(([ref]) => ref.startsWith(`refs/${call.params.ref}`));
  return ok(shown.map(([ref, sha]) => refJson(call, ref, sha)));
}

function refJson(call: RepositoryCall, ref: string, sha: string): JsonObject {
  const url = repositoryUrl(call.repository);
  return {
    ref,
    node_id: nodeIdOfText("REF", `${call.repository.id}:${ref}`),
    url: `${url}/git/${ref}`,
    object: { sha, type: "commit", url: `${url}/git/commits/${sha}` },
  };
}

async function branch(call: RepositoryCall): Promise<Reply> {
  const name = call.params.branch ?? "";
  const sha = await resolveRef(call.repository.directory, `refs/heads/${name}`);
  if (sha === undefined) throw new Refusal(404, "Branch not found");
  const url = `${repositoryUrl(call.repository)}/branches/${name}`;
  const off = { enforcement_level: "off", contexts: [], checks: [] };
  return ok({
    name,
    commit: commitJson(call.repository, await commitAt(call, sha)),
    _links: { self: url, html: `${repositoryPage(call.repository)}/tree/${name}` },
    protected: false,
    protection: { enabled: false, required_status_checks: off },
    protection_url: `${url}/protection`,
  });
}
