import type { Repository } from "./model.ts";

const tails = new WeakMap<Repository, Promise<unknown>>();

/** Lets one change of a repository's branches happen at a time, as they arrived. Not to be nested. */
export function inTurn<T>(repository: Repository, change: () => Promise<T>): Promise<T> {
  const turn = (tails.get(repository) ?? Promise.resolve()).then(change);
  tails.set(
    repository,
    turn.catch(() => {}),
  );
  return turn;
}
