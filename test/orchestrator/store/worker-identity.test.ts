import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { takeIdentity } from "../../../src/orchestrator/store/worker-identity.ts";
import { testDatabases } from "../../support/database.ts";
import { quietLog } from "../../support/temporary-data-dir.ts";
import { until } from "../../support/until.ts";

const databases = testDatabases();
const as = (worker: string, patienceMs = 0) => ({ worker, patienceMs, log: quietLog });

describe("a worker's name", () => {
  it("belongs to one process at a time, and to the next one as soon as that has left", async () => {
    const database = await databases.create();
    const [one, two] = [await databases.openAgain(database), await databases.openAgain(database)];
    const first = await takeIdentity(one.db, as("host:/data"));
    await expect(takeIdentity(two.db, as("host:/data"))).rejects.toMatchObject({
      code: "IDENTITY_TAKEN",
      message: expect.stringContaining("DATA_DIR"),
    });
    await (await takeIdentity(two.db, as("host:/other"))).release();

    const waiting = takeIdentity(two.db, as("host:/data", 20_000));
    await first.release();
    await (await waiting).release();
  });

  it("is taken again after the database dropped the connection that held it", async () => {
    const database = await databases.create();
    const [one, two] = [await databases.openAgain(database), await databases.openAgain(database)];
    const holder = async () => {
      const { rows } = await sql<{ pid: number }>`
        select pid from pg_locks where locktype = 'advisory' and granted
          and database = (select oid from pg_database where datname = current_database())
          and (classid::bigint << 32 | objid::bigint) = hashtextextended('host:/data', 7002)`.execute(two.db);
      return rows[0]?.pid;
    };
    const first = await takeIdentity(one.db, as("host:/data"));
    const before = await holder();
    await sql`select pg_terminate_backend(${before})`.execute(two.db);
    await until(async () => ((await holder()) ?? before) !== before || undefined, { what: "the lock", within: 20_000 });
    await expect(takeIdentity(two.db, as("host:/data"))).rejects.toMatchObject({ code: "IDENTITY_TAKEN" });
    await first.release();
    expect(await holder()).toBeUndefined();
  });
});
