import { resolve } from "node:path";
import { GitError } from "./call-git.ts";
import { type CommitOptions, commit } from "./commit.ts";
import { type JudgeOptions, judgeTree, type PatchOptions, patchOf, type TreeVerdict } from "./judge.ts";
import { type MergeOptions, type MergeResult, mergeOnto } from "./merge.ts";
import { askRemoteHead, createMirror, type FetchBaseOptions, type FetchBaseResult } from "./mirror.ts";
import { placesIn, type RunKey } from "./places.ts";
import { type PushOptions, type PushResult, push } from "./push.ts";
import { type AdoptResult, adopt, type ImportOptions, type ImportResult, importBundle, keep } from "./quarantine.ts";
import { readFileAt, unsupported } from "./read-base.ts";

export { GitError } from "./call-git.ts";
export type { TreeLimits, TreeVerdict } from "./judge.ts";
export type { MergeResult } from "./merge.ts";
export type { FetchBaseResult } from "./mirror.ts";
export { BadNameError, isBranchName, isOwnBranchName } from "./names.ts";
export type { Protect } from "./protect.ts";
export type { PushRefusal, PushResult } from "./push.ts";
export type { AdoptResult, ImportResult } from "./quarantine.ts";

/** A commit of a repository's mirror. */
export interface BaseCommit {
  readonly repositoryId: number;
  readonly sha: string;
}

/** All that Baton does with git outside the sandbox. Names that no honest caller makes throw BadNameError. */
export interface Git {
  /** Brings the mirror up to date for a branch (and our own branch, when asked for and there) and resolves it. */
  fetchBase(options: FetchBaseOptions): Promise<FetchBaseResult>;
  /** Reads a file of a mirrored commit as text, at most 64 KiB; ordinary files only. */
  readFileAt(options: BaseCommit & { readonly path: string }): Promise<string | undefined>;
  /** Says why a mirrored commit cannot be worked on (submodules, LFS), as a sentence. */
  unsupported(options: BaseCommit): Promise<string | undefined>;
  /** Takes a bundle made in the sandbox into a fresh quarantine repository. */
  importBundle(options: ImportOptions): Promise<ImportResult>;
  /** Judges the tree of an imported commit against its base. */
  judgeTree(options: JudgeOptions): Promise<TreeVerdict>;
  /** The change as a capped patch without known secrets. */
  patchOf(options: PatchOptions): Promise<string>;
  /** Writes the app's own commit with the tip's tree. Same input, same commit. */
  commit(options: CommitOptions): Promise<{ readonly headSha: string }>;
  /** The commit as a thin bundle for the store. */
  keep(options: RunKey & { readonly headSha: string }): Promise<Buffer>;
  /** Brings a kept commit onto this machine; `fetchBase` must have been called here. */
  adopt(options: RunKey & { readonly bundle: Buffer; readonly headSha: string }): Promise<AdoptResult>;
  /** Joins our commit with what people pushed to our branch meanwhile. Same input, same commit. */
  mergeOnto(options: MergeOptions): Promise<MergeResult>;
  /** One attempt to push a commit to our own branch, fast-forward, from exactly the expected state. */
  push(options: PushOptions): Promise<PushResult>;
  /**
   * Where a branch is on the remote; undefined when it does not exist.
   * @throws GitError when the remote could not be asked
   */
  remoteHead(options: {
    readonly url: string;
    readonly token: string;
    readonly branch: string;
  }): Promise<string | undefined>;
  /** Removes a run's quarantine. */
  forget(options: RunKey): Promise<void>;
  /** Removes what a crash leaves: quarantines, half-made repositories, locks. Only while nothing is at work here. */
  clearLeft(): Promise<void>;
}

/**
 * Joins the parts of this folder.
 * @param options - `dataDir`: repositories go below `<dataDir>/git`; `timeoutMs`: limit of one network operation
 *   (default ten minutes)
 */
export function createGit(options: { readonly dataDir: string; readonly timeoutMs?: number }): Git {
  const places = placesIn(resolve(options.dataDir));
  const timeoutMs = options.timeoutMs ?? 600_000;
  const mirror = createMirror(places, timeoutMs);
  return {
    fetchBase: mirror.fetchBase,
    readFileAt: async ({ repositoryId, sha, path }) => readFileAt(await places.mirror(repositoryId), sha, path),
    unsupported: async ({ repositoryId, sha }) => unsupported(await places.mirror(repositoryId), sha),
    importBundle: (order) => importBundle(places, order),
    judgeTree: (order) => judgeTree(places, order),
    patchOf: (order) => patchOf(places, order),
    commit: (order) => commit(places, order),
    keep: (order) => keep(places, order),
    adopt: (order) => adopt(places, order),
    mergeOnto: (order) => mergeOnto(places, order),
    push: (order) => push(places, order, timeoutMs),
    async remoteHead(remote) {
      const answer = await askRemoteHead(await places.nowhere(), remote, timeoutMs);
      if (answer.kind === "ok") return answer.sha;
      throw new GitError(`The remote could not be asked: ${answer.kind === "refused" ? answer.reason : answer.cause}`);
    },
    forget: (key) => places.forget(key),
    clearLeft: () => places.clearLeft(),
  };
}
