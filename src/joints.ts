import { randomBytes } from "node:crypto";
import { renderImplementPrompt } from "./agent-runner/index.ts";
import type { Config } from "./config.ts";
import type { At, GitHub as GitHubAdapter } from "./github/index.ts";
import type { PolicyAnswer } from "./handlers/authorize.ts";
import type { GitHub } from "./orchestrator/ports.ts";
import type { PromptParts } from "./orchestrator/run-ports.ts";
import { defaultPolicy, parsePolicy, policyPath } from "./policy-file.ts";
import { allowedHosts } from "./run-settings.ts";

/** Where two parts were cut to their own measure, the pieces that join them. Used by `app.ts` only. */

/** The adapter as the orchestrator asks for it. */
export function githubPort(adapter: GitHubAdapter): GitHub {
  return {
    ...adapter,
    token: (at, purpose) => adapter.token(at.repository, at.installationId, purpose),
    react: (at, target, content) =>
      adapter.react(at, target.kind === "issue" ? { issue: target.issue } : { comment: target.commentId }, content),
    findCheck: async (at, { sha, ...key }) => (await adapter.findCheck(at, sha, key))?.id,
  };
}

/** A prompt whose fence nobody can guess (security.md T14). */
export function renderPrompt({ instructions, ...parts }: PromptParts): string {
  const fence = `=====${randomBytes(16).toString("hex")}=====`;
  return renderImplementPrompt({ ...parts, baseInstructions: instructions, fence });
}

/** A repository's policy, read live from its default branch and checked against the operator's bounds. */
export function policyReader(adapter: GitHubAdapter, config: Config) {
  return async (at: At): Promise<PolicyAnswer> => {
    const file = await adapter.readPolicyFile(at);
    const bounds = { defaultBranch: file.branch, allowedHosts: allowedHosts(config, at.repository) };
    if (file.kind === "absent") return { kind: "ok", policy: defaultPolicy(bounds) };
    const bad = (problems: readonly string[]): PolicyAnswer => ({ kind: "bad_config", file: policyPath, problems });
    if (file.kind === "not_a_file") return bad(["it is not a file"]);
    if (file.kind === "too_large") return bad([`it has ${file.bytes} bytes; a policy is a page`]);
    const read = parsePolicy(file.text, bounds);
    return read.kind === "ok" ? { kind: "ok", policy: read.value } : bad(read.problems);
  };
}
