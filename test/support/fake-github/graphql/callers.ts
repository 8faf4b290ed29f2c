import { authorise, type Caller, type Needs, reaches } from "../server/auth.ts";
import type { Repository } from "../world/model.ts";
import { Refusal } from "../world/refusal.ts";
import { graphqlRefusal } from "./connection.ts";

/** Whether somebody sees that a repository exists. */
export function isVisible(caller: Caller, repository: Repository): boolean {
  return !repository.isPrivate || (caller.kind === "installation" && reaches(caller.token, repository));
}

/** @throws GraphQLError FORBIDDEN in GitHub's words */
export function mustBeAllowed(caller: Caller, repository: Repository, needs: Needs): void {
  if (!isAllowed(caller, repository, needs)) {
    throw graphqlRefusal("FORBIDDEN", "Resource not accessible by integration");
  }
}

export function isAllowed(caller: Caller, repository: Repository, needs: Needs): boolean {
  try {
    authorise(caller, repository, needs);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
