import type { GitHubFailure } from "../ports.ts";

const codes: ReadonlySet<string> = new Set<GitHubFailure["code"]>([
  "unauthorised",
  "rate_limited",
  "forbidden",
  "locked",
  "not_found",
  "conflict",
  "exists",
  "invalid",
  "gone",
  "doubt",
]);

/** Whether an error is GitHub's answer (or its silence) and not a defect of ours. */
export function isFailure(cause: unknown): cause is GitHubFailure {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" && codes.has(cause.code);
}

/** GitHub or git will not do it, and asking again does not help. `message` is a sentence for people. */
export class Refused extends Error {
  readonly code = "REFUSED";
}

/** It may or may not have been done: look again later, then decide. */
export class InDoubt extends Error {
  readonly code = "IN_DOUBT";
}
