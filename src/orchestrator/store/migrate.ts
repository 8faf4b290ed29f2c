import { sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { StoreError } from "./errors.ts";
import { firstSchema } from "./migrations/0001-first.ts";
import type { Db } from "./schema.ts";

/** Names sort in the order the migrations run; a released one never changes. */
const migrations: Readonly<Record<string, Migration>> = { "0001_first": firstSchema };

/**
 * Brings the schema `baton` up to date. Safe when several processes do it at once only inside `withSetupLock`.
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

/** Runs `work` while no other process sets the same database up. The lock ends with its connection, so a kill frees it. */
export async function withSetupLock<T>(db: Db, work: () => Promise<T>): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${setupLock})`.execute(connection);
    try {
      return await work();
    } finally {
      await sql`select pg_advisory_unlock(${setupLock})`.execute(connection);
    }
  });
}

const setupLock = 7000;
