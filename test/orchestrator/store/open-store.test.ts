import { sql } from "kysely";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/orchestrator/store/migrate.ts";
import { openPool } from "../../../src/orchestrator/store/pool.ts";
import { testDatabases } from "../../support/database.ts";
import { quietLog } from "../../support/temporary-data-dir.ts";
import { makeTask } from "./builders.ts";

const databases = testDatabases();

/** A database without anything of ours in it. */
async function emptyDatabase(): Promise<{ readonly url: string }> {
  const database = await databases.create();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("drop schema if exists baton cascade");
  await client.query("drop schema if exists pgboss cascade");
  await client.end();
  return database;
}

describe("opening the store", () => {
  it("records which schema it made", async () => {
    const store = await databases.open();
    const { rows } = await sql<{ name: string }>`select name from baton.kysely_migration order by name`.execute(
      store.db,
    );
    expect(rows.map((row) => row.name)).toEqual(["0001_first", "0002_reconcile", "0003_review"]);
  });

  it("works for several processes that meet an empty database at once", async () => {
    const database = await emptyDatabase();
    const stores = await Promise.all([1, 2, 3, 4].map(() => databases.openAgain(database)));
    await Promise.all(stores.map((store, n) => makeTask(store, n + 1)));
    expect(await stores[0]?.db.selectFrom("task").select("id").orderBy("id").execute()).toHaveLength(4);
  });

  it("leaves a database that is up to date as it is, data included", async () => {
    const database = await databases.create();
    const first = await databases.openAgain(database);
    await makeTask(first, 7);
    const before = await shape(database.url);
    await first.close();
    const second = await databases.openAgain(database);
    expect(await shape(database.url)).toEqual(before);
    expect(await second.db.selectFrom("task").select("id").execute()).toEqual([{ id: "100-7" }]);
  });

  it("refuses a database that a newer Baton made", async () => {
    const store = await databases.open();
    await sql`insert into baton.kysely_migration (name, timestamp) values ('9999_future', '2099-01-01')`.execute(
      store.db,
    );
    await expect(migrate(store.db)).rejects.toMatchObject({ code: "SCHEMA_FAILED" });
  });

  it("says which server it cannot reach", async () => {
    const nowhere = databases.openAgain({ url: "postgresql://baton@127.0.0.1:1/none" });
    await expect(nowhere).rejects.toThrow("ECONNREFUSED");
  });

  it("fails the transaction whose connection is cut, and nothing else", async () => {
    const database = await databases.create();
    const store = await databases.openAgain(database);
    const cut = store.transaction(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid}, 5000)`.execute(store.db);
      await sql`select 1`.execute(tx);
    });
    await expect(cut).rejects.toThrow();
    expect((await makeTask(store, 1)).id).toBe("100-1");
  });

  it("goes on when a connection is cut", async () => {
    const database = await databases.create();
    const store = await databases.openAgain(database);
    await makeTask(store, 1);
    const other = openPool({ connectionString: database.url }, { size: 1, log: quietLog });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(
      other,
    );
    await other.destroy();
    await expect
      .poll(() =>
        makeTask(store, 2).then(
          (task) => task.id,
          () => "cut",
        ),
      )
      .toBe("100-2");
  });
});

async function shape(url: string): Promise<readonly unknown[]> {
  const db = openPool({ connectionString: url }, { size: 1, log: quietLog });
  const { rows } = await sql`
    select table_name, column_name, data_type from information_schema.columns where table_schema = 'baton'
    order by table_name, ordinal_position`.execute(db);
  await db.destroy();
  return rows;
}
