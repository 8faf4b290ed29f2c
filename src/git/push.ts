import { callGit, type GitAnswer, lastLine } from "./call-git.ts";
import { askRemoteHead } from "./mirror.ts";
import { requireOwnBranchName, requireRemoteUrl, requireSha } from "./names.ts";
import type { Places, RunKey } from "./places.ts";
import { isAncestor } from "./quarantine.ts";
import { remoteTrouble } from "./remote-trouble.ts";

export interface PushOptions extends RunKey {
  readonly url: string;
  readonly token: string;
  readonly branch: string;
  readonly headSha: string;
  /** Where the branch must be now; undefined: it must not exist. */
  readonly expected: string | undefined;
}

/** Why a remote said no. */
export type PushRefusal =
  | "unauthorised"
  | "forbidden"
  | "not_found"
  | "protected_branch"
  | "push_protection"
  | "branch_name_taken"
  | "not_fast_forward"
  | "other";

export type PushResult =
  | { readonly kind: "pushed" }
  /** The branch was at this commit before: an earlier attempt arrived. */
  | { readonly kind: "already" }
  /** Somebody else moved, made or (`actual` undefined) removed the branch. Nothing was changed. */
  | { readonly kind: "moved"; readonly actual: string | undefined }
  | { readonly kind: "refused"; readonly why: PushRefusal; readonly reason: string }
  /** Nobody knows whether it arrived: push again, which then says `already` or `pushed`. */
  | { readonly kind: "doubt"; readonly cause: string };

/**
 * Pushes one commit to one of our own branches (T28): only fast-forward, and only from exactly the state we recorded.
 * One attempt; nothing is repeated here (github.md §4).
 * @throws BadNameError for any branch name that is not ours to push
 */
export async function push(places: Places, options: PushOptions, timeoutMs: number): Promise<PushResult> {
  const ref = `refs/heads/${requireOwnBranchName(options.branch)}`;
  const headSha = requireSha(options.headSha);
  const remote = { url: requireRemoteUrl(options.url), token: options.token };
  const expected = options.expected === undefined ? "" : requireSha(options.expected);
  const gitDir = await places.quarantine(options);
  // A lease alone would also let a rewrite of the branch through.
  if (expected !== "" && !(await isAncestor(gitDir, expected, headSha))) return refused("not_fast_forward");
  const args = [...pushFlags, `--force-with-lease=${ref}:${expected}`, "--end-of-options", remote.url];
  const answer = await callGit({ gitDir, args: [...args, `${headSha}:${ref}`], remote, timeoutMs });
  const verdict = read(answer, ref);
  if (verdict !== "moved") return verdict;
  const now = await askRemoteHead(gitDir, { ...remote, branch: options.branch }, timeoutMs);
  if (now.kind !== "ok") return { kind: "doubt", cause: "the branch moved and could not be read back." };
  return now.sha === headSha ? { kind: "already" } : { kind: "moved", actual: now.sha };
}

const pushFlags = ["push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"];

/** Reads `--porcelain` output: one line "<flag> TAB <from>:<to> TAB <summary>" for our one ref. */
function read(answer: GitAnswer, ref: string): PushResult | "moved" {
  const lines = answer.stdout.toString("utf8").split("\n");
  const [flag, , summary = ""] = lines.find((line) => line.includes(`:${ref}\t`))?.split("\t") ?? [];
  if (answer.cut === undefined && answer.code === 0) {
    if (flag === "=") return { kind: "already" };
    if (flag === " " || flag === "*") return { kind: "pushed" };
  }
  if (flag === "!" && summary.startsWith("[rejected]")) return "moved";
  if (flag === "!" && summary.startsWith("[remote rejected]")) return remoteRejected(summary, answer.stderr);
  const trouble = remoteTrouble(answer);
  return trouble.kind === "refused" ? trouble : { kind: "doubt", cause: trouble.cause };
}

function remoteRejected(summary: string, stderr: string): PushResult | "moved" {
  const all = `${summary}\n${stderr}`;
  if (/exists; cannot create|directory.file conflict/i.test(all)) return refused("branch_name_taken");
  if (/is at [0-9a-f]{40} but expected|reference already exists|fetch first|incorrect old value/i.test(all))
    return "moved";
  if (/GH013|push protection|secret/i.test(all)) return refused("push_protection", stderr);
  if (/GH006|protected branch|repository rule|signed commits/i.test(all)) return refused("protected_branch", stderr);
  if (/without `?workflows?`? permission|permission/i.test(all)) return refused("forbidden", stderr);
  return refused("other", `remote: ${summary}\n${stderr}`);
}

const sentences: Readonly<Record<PushRefusal, string>> = {
  unauthorised: "GitHub did not accept the App's token.",
  forbidden: "The App may not push this.",
  not_found: "GitHub does not show this repository to the App.",
  protected_branch: "A branch rule of this repository does not let the App push this branch.",
  push_protection: "GitHub's push protection stopped the push.",
  branch_name_taken:
    "A branch with the name of our branch's folder exists, so our branch cannot be made. Rename that branch.",
  not_fast_forward: "The commit does not build on the branch's recorded head.",
  other: "GitHub refused the push.",
};

function refused(why: PushRefusal, stderr = ""): PushResult {
  const said = saidByRemote(stderr);
  return { kind: "refused", why, reason: said ? `${sentences[why]} It said: ${said}` : sentences[why] };
}

/** What the remote's side wrote, in one line that is safe to show: at most 300 characters, printable ones only. */
function saidByRemote(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.startsWith("remote:"));
  const text = lines.map((line) => line.slice(7).trim()).join(" ");
  return (text || (stderr === "" ? "" : lastLine(stderr)))
    .replace(/[^\x20-\x7e]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim()
    .slice(0, 300);
}
