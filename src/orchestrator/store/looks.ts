import { sql } from "kysely";
import type { Db } from "./schema.ts";

/** How far the reconciler has looked. All times are milliseconds since the epoch. */

export interface RepositoryLook {
  readonly firstSeenAt: number;
  /** Undefined before the first whole look. */
  readonly readUntil: number | undefined;
}

/** Remembers repositories from the moment they are first seen; known ones stay as they are. */
export async function noteRepositories(db: Db, ids: readonly number[], now: number): Promise<void> {
  if (ids.length === 0) return;
  await db
    .insertInto("repository")
    .values(ids.map((id) => ({ id, firstSeenAt: new Date(now) })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Undefined for a repository nobody noted. */
export async function readLook(db: Db, repositoryId: number): Promise<RepositoryLook | undefined> {
  const row = await db
    .selectFrom("repository")
    .select(["firstSeenAt", "readUntil"])
    .where("id", "=", repositoryId)
    .executeTakeFirst();
  return row && { firstSeenAt: row.firstSeenAt.getTime(), readUntil: row.readUntil?.getTime() };
}

/** Everything before this moment was taken up. */
export async function saveLook(db: Db, repositoryId: number, until: number): Promise<void> {
  const readUntil = new Date(until);
  await db.updateTable("repository").set({ readUntil }).where("id", "=", repositoryId).execute();
}

export type Watermark = "deliveries" | "pass";

/** How far this was read; undefined for never. */
export async function readWatermark(db: Db, name: Watermark): Promise<number | undefined> {
  const row = await db.selectFrom("watermark").select("at").where("name", "=", name).executeTakeFirst();
  return row?.at.getTime();
}

export async function saveWatermark(db: Db, name: Watermark, at: number): Promise<void> {
  await db
    .insertInto("watermark")
    .values({ name, at: new Date(at) })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ at: new Date(at) }))
    .execute();
}

/** Counts one more request to send a webhook again and says the how manieth it is. */
export async function countRedelivery(db: Db, guid: string, now: number): Promise<number> {
  const row = await db
    .insertInto("redelivery")
    .values({ guid, attempts: 1, lastAt: new Date(now) })
    .onConflict((conflict) =>
      conflict
        .column("guid")
        .doUpdateSet({ attempts: sql<number>`baton.redelivery.attempts + 1`, lastAt: new Date(now) }),
    )
    .returning("attempts")
    .executeTakeFirstOrThrow();
  return row.attempts;
}

/** Forgets what GitHub has forgotten too. */
export async function forgetRedeliveries(db: Db, before: number): Promise<void> {
  await db.deleteFrom("redelivery").where("lastAt", "<", new Date(before)).execute();
}
