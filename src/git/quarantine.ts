import { type Bundle, objectsInPack, parseBundle, readHandedOverFile } from "./bundle-file.ts";
import { callGit, mustGit } from "./call-git.ts";
import { requireSha } from "./names.ts";
import type { Places, RunKey } from "./places.ts";
import { objectLimits, statObjects, treeOf } from "./read-objects.ts";

export interface ImportOptions extends RunKey {
  /** Path of the bundle that was made inside the sandbox. */
  readonly bundle: string;
  readonly baseSha: string;
  /** The commit the bundle is said to bring. */
  readonly tip: string;
}

export type ImportResult =
  | {
      readonly kind: "ok";
      readonly gitDir: string;
      readonly objectDirs: readonly string[];
      /** The tip's tree: the only thing of the agent's history that is ever published (T27). */
      readonly tree: string;
    }
  | { readonly kind: "refused"; readonly reason: string };

export type AdoptResult =
  | { readonly kind: "ok" }
  /** The mirror here lacks the commit's parent: fetch the base branch first. */
  | { readonly kind: "missing_base" }
  | { readonly kind: "refused"; readonly reason: string };

/** The ref that keeps a run's publishable commit. */
export const headRef = "refs/baton/head";
const maxBundleBytes = 64 * 1024 * 1024;
const maxObjects = 250_000;

/**
 * Takes an agent's work into a fresh bare quarantine repository that borrows the mirror's objects (T25). The bundle is
 * the only thing read; git checks every object in it (fsck, warnings count as errors) and runs nothing from it.
 * A refusal removes the quarantine.
 */
export async function importBundle(places: Places, options: ImportOptions): Promise<ImportResult> {
  const baseSha = requireSha(options.baseSha);
  const tip = requireSha(options.tip);
  const bytes = await readHandedOverFile(options.bundle, maxBundleBytes);
  if (!bytes) return refused("The agent's work is missing or above 64 MiB.");
  const gitDir = await places.freshQuarantine(options);
  const problem = (await unpack(gitDir, bytes, tip)) ?? (await strangeHistory(gitDir, baseSha, tip));
  const tree = problem ? undefined : await treeOf(gitDir, tip);
  if (problem || !tree) {
    await places.forget(options);
    return refused(problem?.reason ?? "The agent's work is not a commit.");
  }
  const mirror = await places.mirror(options.repositoryId);
  return { kind: "ok", gitDir, objectDirs: [`${gitDir}/objects`, `${mirror}/objects`], tree };
}

/**
 * Packs a publishable commit, relative to its parents, so that any machine can publish it.
 * @returns a thin bundle
 * @throws GitError when the commit is not in this run's quarantine
 */
export async function keep(places: Places, options: RunKey & { readonly headSha: string }): Promise<Buffer> {
  const gitDir = await places.quarantine(options);
  const headSha = requireSha(options.headSha);
  await pointHeadAt(gitDir, headSha);
  const args = ["bundle", "create", "--version=2", "--quiet", "-", headRef, "--not", `${headSha}^@`];
  return mustGit({ gitDir, args, maxOutput: maxBundleBytes });
}

/**
 * The reverse of {@link keep}: makes the commit available for {@link push} on this machine. Doing it twice is fine.
 */
export async function adopt(
  places: Places,
  options: RunKey & { readonly bundle: Buffer; readonly headSha: string },
): Promise<AdoptResult> {
  const headSha = requireSha(options.headSha);
  const gitDir = await places.quarantine(options);
  const problem = await unpack(gitDir, options.bundle, headSha);
  if (problem?.missing) return { kind: "missing_base" };
  if (problem) return refused(problem.reason);
  await pointHeadAt(gitDir, headSha);
  return { kind: "ok" };
}

/** Keeps a commit from being unreachable. The `start`/`commit` form answers, and simple-git is quicker with answers. */
export async function pointHeadAt(gitDir: string, sha: string): Promise<void> {
  const input = `start\nupdate ${headRef} ${requireSha(sha)}\ncommit\n`;
  await mustGit({ gitDir, args: ["update-ref", "--stdin"], input });
}

/** Tells whether `ancestor` is in the history of `descendant`; both must exist. */
export async function isAncestor(gitDir: string, ancestor: string, descendant: string): Promise<boolean> {
  const args = ["rev-list", "--count", "--max-count=1", requireSha(ancestor), `^${requireSha(descendant)}`];
  const missing = await mustGit({ gitDir, args });
  return missing.toString("utf8").trim() === "0";
}

type Problem = { readonly reason: string; readonly missing?: true };

async function unpack(gitDir: string, bytes: Buffer, tip: string): Promise<Problem | undefined> {
  const bundle = parseBundle(bytes);
  if (!bundle) return { reason: "The agent's work is not a readable bundle." };
  const [ref, ...others] = bundle.refs;
  if (!ref || others.length > 0) return { reason: "The agent's work must be exactly one branch." };
  if (ref.sha !== tip) return { reason: "The agent's work is not the commit that was announced." };
  if (objectsInPack(bundle.pack) > maxObjects) return { reason: "The agent's work has too many objects." };
  return (await missingBase(gitDir, bundle)) ?? indexPack(gitDir, bundle.pack);
}

async function missingBase(gitDir: string, bundle: Bundle): Promise<Problem | undefined> {
  const found = await statObjects(gitDir, bundle.prerequisites);
  if (found.every((object) => object?.type === "commit")) return undefined;
  return { reason: "The agent's work builds on commits that this repository does not have.", missing: true };
}

async function indexPack(gitDir: string, pack: Buffer): Promise<Problem | undefined> {
  const args = ["index-pack", "--stdin", "--fix-thin", "--strict", `--max-input-size=${maxBundleBytes}`];
  const answer = await callGit({ gitDir, args, input: pack, env: objectLimits, timeoutMs: 120_000 });
  if (!answer.cut && answer.code === 0) return undefined;
  if (answer.cut) return { reason: "The agent's work took too long to check." };
  if (/over limit|Out of memory/i.test(answer.stderr))
    return { reason: "The agent's work has a file that is too big." };
  const [, fault] = /[0-9a-f]{40}: (\w+): /.exec(answer.stderr) ?? [];
  const detail = fault ? ` (git calls it ${fault})` : "";
  return { reason: `The agent's work has a broken or dangerous object${detail}.` };
}

async function strangeHistory(gitDir: string, baseSha: string, tip: string): Promise<Problem | undefined> {
  const found = await statObjects(gitDir, [baseSha, tip]);
  if (found.some((object) => object?.type !== "commit")) return { reason: "The agent's work is not a commit." };
  if (await isAncestor(gitDir, baseSha, tip)) return undefined;
  return { reason: "The agent's work does not build on the commit it was started from." };
}

function refused(reason: string): { readonly kind: "refused"; readonly reason: string } {
  return { kind: "refused", reason };
}
