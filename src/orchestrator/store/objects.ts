import type { Db, Tx } from "./schema.ts";

/** Remembers something Baton made in GitHub for a task, such as its status comment. A newer one replaces the older. */
export async function rememberObject(
  tx: Tx,
  taskId: string,
  made: { readonly key: string; readonly externalId: string },
): Promise<void> {
  await tx
    .insertInto("object")
    .values({ taskId, ...made })
    .onConflict((conflict) => conflict.columns(["taskId", "key"]).doUpdateSet({ externalId: made.externalId }))
    .execute();
}

/** GitHub's id of what was made under `key`, if anything was. */
export async function findObject(db: Db, taskId: string, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom("object")
    .select("externalId")
    .where("taskId", "=", taskId)
    .where("key", "=", key)
    .executeTakeFirst();
  return row?.externalId;
}
