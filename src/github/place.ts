import { GitHubFailure } from "./errors.ts";
import type { At } from "./types.ts";

/** A repository as REST routes want it. */
export function ownerAndName(at: At): { readonly owner: string; readonly repo: string } {
  return { owner: at.repository.owner, repo: at.repository.name };
}

/** Another repository answers to this name now: to be looked up again by its id (security.md T40). */
export function renamed(at: At): GitHubFailure {
  const { owner, name, id } = at.repository;
  return new GitHubFailure(`${owner}/${name} is no longer repository ${id}`, { code: "not_found" });
}
