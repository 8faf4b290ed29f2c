import { sql } from "kysely";
import { expect, it } from "vitest";
import { readTask } from "../../../src/orchestrator/store/tasks.ts";
import { testDatabases } from "../../support/database.ts";
import { makeTask } from "./builders.ts";

const databases = testDatabases();

it("a database of the first release is brought up to date with what it holds", async () => {
  const database = await databases.create();
  const store = await databases.openAgain(database);
  const task = await makeTask(store, 7);
  await sql`update baton.task set state = state - 'seenLabels'`.execute(store.db);
  await sql`drop table baton.repository, baton.redelivery, baton.watermark`.execute(store.db);
  await sql`delete from baton.kysely_migration where name >= '0002'`.execute(store.db);

  const upgraded = await databases.openAgain(database);
  expect(await readTask(upgraded.db, task.id)).toEqual(task);
  expect(await upgraded.db.selectFrom("repository").selectAll().execute()).toEqual([]);
});
