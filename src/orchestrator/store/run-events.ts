import { sql } from "kysely";
import { cleanText, toJson } from "./json.ts";
import type { Queue } from "./queue.ts";
import { type HeldBy, proveHeld } from "./runs.ts";
import type { Db, Tx } from "./schema.ts";

export interface NewRunEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: string;
  readonly data: unknown;
}

export interface RunEvent extends NewRunEvent {
  /** Position in the run's transcript, from 1. */
  readonly n: number;
}

/**
 * Appends to a run's transcript, in order; many at a time, because each call is a commit. Returns the last position.
 *
 * @throws LostClaim when this worker no longer holds the run: a worker that slept too long writes nothing
 */
export async function appendRunEvents(
  tx: Tx,
  queue: Queue,
  append: HeldBy & { readonly events: readonly NewRunEvent[] },
): Promise<number> {
  const { run, events } = append;
  await proveHeld(tx, queue, append);
  if (events.length === 0) return lastPosition(tx, run);
  const batch = toJson(events.map((event) => ({ ...event, kind: cleanText(event.kind), data: event.data ?? null })));
  const { rows } = await sql<{ n: number }>`
    insert into baton.run_event (run_id, n, at, kind, data)
    select ${run}, coalesce((select max(n) from baton.run_event where run_id = ${run}), 0) + item.position,
      to_timestamp((item.event ->> 'at')::float8 / 1000), item.event ->> 'kind', item.event -> 'data'
    from jsonb_array_elements(${batch}::jsonb) with ordinality as item (event, position)
    returning n`.execute(tx);
  return Math.max(...rows.map((row) => row.n));
}

/** Part of a transcript: at most `limit` events after position `after`. */
export async function readRunEvents(
  db: Db,
  run: string,
  page: { readonly after?: number; readonly limit?: number } = {},
): Promise<readonly RunEvent[]> {
  const rows = await db
    .selectFrom("runEvent")
    .select(["n", "at", "kind", "data"])
    .where("runId", "=", run)
    .where("n", ">", page.after ?? 0)
    .orderBy("n")
    .limit(page.limit ?? 1000)
    .execute();
  return rows.map((row) => ({ ...row, at: row.at.getTime() }));
}

async function lastPosition(db: Db, run: string): Promise<number> {
  const row = await db
    .selectFrom("runEvent")
    .select((select) => select.fn.max("n").as("n"))
    .where("runId", "=", run)
    .executeTakeFirst();
  return row?.n ?? 0;
}
