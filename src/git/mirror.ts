import PQueue from "p-queue";
import { callGit, type GitAnswer, mustGit } from "./call-git.ts";
import { requireBranchName, requireRemoteUrl, requireSha } from "./names.ts";
import type { Places } from "./places.ts";
import { type RemoteTrouble, remoteTrouble } from "./remote-trouble.ts";

export interface FetchBaseOptions {
  readonly repositoryId: number;
  readonly url: string;
  readonly token: string;
  readonly branch: string;
  /** The task's own branch, brought along when the remote has it. */
  readonly agentBranch?: string;
}

export type FetchBaseResult =
  | {
      readonly kind: "ok";
      /** Commit at the head of the branch. */
      readonly sha: string;
      /** Commit at the head of `agentBranch`; absent when it was not asked for or the remote has none. */
      readonly agentSha?: string;
      readonly gitDir: string;
      /** Every object directory that a shared clone of `gitDir` reads. */
      readonly objectDirs: readonly string[];
    }
  | { readonly kind: "no_such_branch" }
  | RemoteTrouble;

type Wanted = Pick<FetchBaseOptions, "repositoryId" | "url" | "token"> & { readonly branch: string };
type Fetched = { readonly kind: "ok"; readonly sha: string } | { readonly kind: "no_such_branch" } | RemoteTrouble;

/** The app's own copy of a repository: one bare mirror for each, written by one operation at a time. */
export interface Mirror {
  fetchBase(options: FetchBaseOptions): Promise<FetchBaseResult>;
}

/**
 * @param places - where mirrors are
 * @param timeoutMs - limit of one network operation, milliseconds
 */
export function createMirror(places: Places, timeoutMs: number): Mirror {
  const queues = new Map<number, PQueue>();
  const inTurn = <T>(repositoryId: number, work: () => Promise<T>): Promise<T> => {
    const queue = queues.get(repositoryId) ?? new PQueue({ concurrency: 1 });
    queues.set(repositoryId, queue);
    return queue.add(work);
  };

  async function fetchBase(options: FetchBaseOptions): Promise<FetchBaseResult> {
    const gitDir = await places.mirror(options.repositoryId);
    const base = await fetchBranch(gitDir, options, timeoutMs);
    if (base.kind !== "ok") return base;
    const found = { kind: "ok", sha: base.sha, gitDir, objectDirs: [`${gitDir}/objects`] } as const;
    if (options.agentBranch === undefined) return found;
    const agent = await fetchBranch(gitDir, { ...options, branch: options.agentBranch }, timeoutMs);
    if (agent.kind === "no_such_branch") return found;
    return agent.kind === "ok" ? { ...found, agentSha: agent.sha } : agent;
  }

  return { fetchBase: (options) => inTurn(options.repositoryId, () => fetchBase(options)) };
}

/**
 * Asks a remote where a branch is, without a mirror.
 * @returns the commit, or undefined when there is no such branch, or the trouble
 */
export async function askRemoteHead(
  gitDir: string,
  remote: { readonly url: string; readonly token: string; readonly branch: string },
  timeoutMs: number,
): Promise<{ readonly kind: "ok"; readonly sha: string | undefined } | RemoteTrouble> {
  const ref = `refs/heads/${requireBranchName(remote.branch)}`;
  const url = requireRemoteUrl(remote.url);
  const args = ["ls-remote", "--refs", "--quiet", "--end-of-options", url, ref];
  const answer = await callGit({ gitDir, args, remote: { url, token: remote.token }, timeoutMs });
  if (answer.cut || answer.code !== 0) return remoteTrouble(answer);
  // The pattern also matches "refs/heads/x/refs/heads/<name>", so the name is compared here.
  const line = answer.stdout
    .toString("utf8")
    .split("\n")
    .find((entry) => entry.slice(41) === ref);
  return { kind: "ok", sha: line === undefined ? undefined : requireSha(line.slice(0, 40)) };
}

async function fetchBranch(gitDir: string, wanted: Wanted, timeoutMs: number): Promise<Fetched> {
  const ref = `refs/heads/${requireBranchName(wanted.branch)}`;
  const remote = { url: requireRemoteUrl(wanted.url), token: wanted.token };
  const fetch = () => callGit({ gitDir, args: [...fetchFlags, remote.url, `+${ref}:${ref}`], remote, timeoutMs });
  let answer = await fetch();
  if (isNameClash(answer)) {
    await dropBranches(gitDir);
    answer = await fetch();
  }
  if (!answer.cut && answer.code === 0) return { kind: "ok", sha: await resolve(gitDir, ref) };
  if (/couldn't find remote ref/.test(answer.stderr)) return { kind: "no_such_branch" };
  return remoteTrouble(answer);
}

const fetchFlags = [
  "fetch",
  "--no-tags",
  "--no-write-fetch-head",
  "--no-auto-maintenance",
  "--no-recurse-submodules",
  "--no-show-forced-updates",
  "--end-of-options",
];

/** A branch "a" that is gone on the remote stands in the way of a new branch "a/b" here. */
function isNameClash(answer: GitAnswer): boolean {
  return answer.code !== 0 && /cannot lock ref .* exists; cannot create/.test(answer.stderr);
}

/** Forgets all branches of a mirror; their objects stay, so that fetching them again is cheap. */
async function dropBranches(gitDir: string): Promise<void> {
  const refs = await mustGit({ gitDir, args: ["for-each-ref", "--format=delete %(refname)", "refs/heads"] });
  await mustGit({ gitDir, args: ["update-ref", "--stdin"], input: refs });
}

async function resolve(gitDir: string, ref: string): Promise<string> {
  const sha = await mustGit({ gitDir, args: ["rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`] });
  return requireSha(sha.toString("utf8").trim());
}
