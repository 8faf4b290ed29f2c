import { sql } from "kysely";
import type { Db } from "./schema.ts";

/** How long GitHub wants to be left alone, for every process on this store. Kept among the watermarks. */
export interface Pauses {
  /** Milliseconds since the epoch; undefined when GitHub never asked. */
  until(installationId: number): Promise<number | undefined>;
  /** A longer pause is never shortened. */
  note(installationId: number, until: number): Promise<void>;
}

/** What one process is told, all of them heed (security.md I8: no call before `retry-after`). */
export function createPauses(db: Db): Pauses {
  const nameOf = (installationId: number) => `pause:${installationId}`;
  return {
    async until(installationId) {
      const row = await db
        .selectFrom("watermark")
        .select("at")
        .where("name", "=", nameOf(installationId))
        .executeTakeFirst();
      return row?.at.getTime();
    },
    async note(installationId, until) {
      const at = new Date(until);
      await db
        .insertInto("watermark")
        .values({ name: nameOf(installationId), at })
        .onConflict((conflict) =>
          conflict.column("name").doUpdateSet({ at: sql<Date>`greatest(baton.watermark.at, ${at})` }),
        )
        .execute();
    },
  };
}
