import type { Source } from "../run-ports.ts";
import { type Changed, type Conducted, refOf, type Work } from "./work.ts";

/** Work that may be verified and published. */
export interface Passed {
  readonly kind: "passed";
  readonly source: Source;
  readonly changedFiles: readonly string[];
  readonly flagged: readonly string[];
}

/** Between the sandbox and anything we own: the bundle goes into quarantine and its tree is judged. */
export async function passGate(
  work: Work,
  end: Changed,
): Promise<Passed | { readonly kind: "refused"; readonly conducted: Conducted }> {
  const { ports, run, watch, base } = work;
  watch.onPhase("checking");
  const ref = refOf(run);
  const imported = await ports.git.importBundle({ ...ref, bundle: end.bundle, baseSha: base.sha, tip: end.tip });
  if (imported.kind === "refused") {
    return { kind: "refused", conducted: { outcome: { kind: "gate", reasons: [imported.reason], kept: "not_kept" } } };
  }
  const change = { ...ref, baseSha: base.sha, tip: end.tip, secrets: run.settings.secrets };
  const verdict = await ports.git.judgeTree({ ...change, protect: run.order.policy.protect });
  if (verdict.kind === "refused") {
    const patch = await ports.git.patchOf(change);
    return {
      kind: "refused",
      conducted: { outcome: { kind: "gate", reasons: verdict.reasons, kept: "as_patch" }, patch },
    };
  }
  const source = {
    gitDir: imported.gitDir,
    objectDirs: imported.objectDirs,
    sha: end.tip,
    base: base.sha,
    branch: base.branch,
  };
  return { kind: "passed", source, changedFiles: verdict.changedFiles, flagged: verdict.flagged };
}
