import type { Caller, Needs } from "../server/auth.ts";
import type { Repository } from "../world/model.ts";
import { setResolved } from "../world/reviews.ts";
import { findThread, type ThreadPlace } from "../world/threads.ts";
import type { World } from "../world/world.ts";
import { isVisible, mustBeAllowed } from "./callers.ts";
import { graphqlRefusal, type Resolved } from "./connection.ts";

type Found = ThreadPlace & { readonly repository: Repository };
type ThreadInput = { readonly input: { readonly threadId: string; readonly clientMutationId?: string | null } };

/** What an app needs to resolve a thread: against all expectation, to write contents. */
export const RESOLVE: Needs = [{ contents: "write", pull_requests: "read" }];

/** The changes that GitHub offers in GraphQL only, as far as the stand-in has them. */
export function mutationsFor(world: World, caller: Caller, show: (found: Found) => Resolved): Resolved {
  const turn = (to: "resolved" | "unresolved") => (args: ThreadInput) => {
    const found = threadFor(world, caller, args.input.threadId);
    mustBeAllowed(caller, found.repository, RESOLVE);
    setResolved(found.repository, found, { act: { by: world.bot, silent: false }, to });
    return { clientMutationId: args.input.clientMutationId ?? null, thread: () => show(found) };
  };
  return { resolveReviewThread: turn("resolved"), unresolveReviewThread: turn("unresolved") };
}

/** The thread with that global id. What the caller may not see does not exist. @throws GraphQLError NOT_FOUND */
export function threadFor(world: World, caller: Caller, id: string): Found {
  for (const repository of world.repositories.filter((candidate) => isVisible(caller, candidate))) {
    const place = findThread(repository, { id, viewer: world.bot });
    if (place !== undefined) return { ...place, repository };
  }
  throw graphqlRefusal("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
}
