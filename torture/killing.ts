import { setTimeout as pause } from "node:timers/promises";
import type { Arena } from "./arena.ts";
import type { Chance } from "./prng.ts";

/** When the next kill strikes. */
export type Moment = "time" | "request" | "row";

/** A kill that waits for something strikes anyway after this long, in milliseconds. */
const patienceMs = 1_500;

export interface Strike {
  readonly moment: Moment;
  readonly chance: Chance;
  /** The kill itself; called once. */
  readonly kill: () => Promise<void>;
}

/** Waits for the moment and kills in it: a while from now, with some request to GitHub, or with some commit. */
export async function strike(arena: Arena, { moment, chance, kill }: Strike): Promise<void> {
  if (moment === "time") {
    await pause(chance.between(0, 2000));
    return kill();
  }
  let killing: Promise<void> | undefined;
  const once = (): Promise<void> => {
    killing ??= kill();
    return killing;
  };
  let left = chance.between(1, 12);
  const isIt = (): boolean => --left === 0;
  const struck = moment === "row" ? atRow(arena, isIt) : atRequest(arena, { isIt, chance, once });
  const alarm = new AbortController();
  await Promise.race([struck, pause(patienceMs, undefined, { signal: alarm.signal }).catch(() => {})]);
  alarm.abort();
  await once();
}

async function atRow(arena: Arena, isIt: () => boolean): Promise<void> {
  // The database may be away for the moment.
  const rows = await arena.rows().catch(() => undefined);
  if (rows === undefined) return;
  const timer = setTimeout(() => rows.close(), patienceMs);
  await rows.next(isIt);
  clearTimeout(timer);
  void rows.close();
}

/** The request waits until its sender is dead. */
function atRequest(
  { github }: Arena,
  how: { readonly isIt: () => boolean; readonly chance: Chance; readonly once: () => Promise<void> },
): Promise<void> {
  const when = how.chance.percent(50) ? "before" : "after";
  return new Promise((resolve) => {
    github.faults.run({ route: "*", when, only: how.isIt }, () => how.once().then(resolve));
  });
}
