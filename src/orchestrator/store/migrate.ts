import { type Migration, Migrator } from "kysely/migration";
import { StoreError } from "./errors.ts";
import { firstSchema } from "./migrations/0001-first.ts";
import { reconcileSchema } from "./migrations/0002-reconcile.ts";
import { reviewSchema } from "./migrations/0003-review.ts";
import type { Db } from "./schema.ts";

/** Names sort in the order the migrations run; a released one never changes. */
const migrations: Readonly<Record<string, Migration>> = {
  "0001_first": firstSchema,
  "0002_reconcile": reconcileSchema,
  "0003_review": reviewSchema,
};

/**
 * Brings the schema `baton` up to date. Several processes may do so at once: kysely's migrator holds an advisory lock.
 *
 * @throws StoreError `SCHEMA_FAILED`, also when the database was made by a newer Baton
 */
export async function migrate(db: Db): Promise<void> {
  const provider = { getMigrations: async () => ({ ...migrations }) };
  const { error } = await new Migrator({
    db: db.withoutPlugins(),
    provider,
    migrationTableSchema: "baton",
  }).migrateToLatest();
  if (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError("SCHEMA_FAILED", `The database schema could not be brought up to date: ${why}`, {
      cause: error,
    });
  }
}
