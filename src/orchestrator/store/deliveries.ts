import type { Db, Tx } from "./schema.ts";

export interface NewDelivery {
  /** `X-GitHub-Delivery`. */
  readonly id: string;
  readonly event: string;
  readonly action: string | undefined;
  readonly installationId: number | undefined;
  /** What makes two deliveries mean the same fact; undefined when nothing but the id can tell. */
  readonly semanticKey: string | undefined;
  /** The signed bytes, as they came. */
  readonly body: Buffer;
}

export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly body: Buffer;
  readonly receivedAt: Date;
}

/**
 * Puts a delivery into the inbox (security.md T02). A concurrent delivery of the same id or meaning waits here until
 * the first one's transaction ends, so of fifty at once exactly one is `new`, and none when that one rolls back.
 * A known meaning under a new id is recorded without its body, so that each id GitHub shows has its outcome here.
 */
export async function insertDelivery(tx: Tx, delivery: NewDelivery): Promise<"new" | "duplicate"> {
  const { id, event, action = null, installationId = null, semanticKey = null, body } = delivery;
  const inserted = await tx
    .insertInto("delivery")
    .values({ id, event, action, installationId, semanticKey, body })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (inserted) return "new";
  await tx
    .insertInto("delivery")
    .values({ id, event, action, installationId, handledAt: new Date(), outcome: "duplicate" })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return "duplicate";
}

/** Closes a delivery; `outcome` says in a few words what came of it. */
export async function markHandled(tx: Tx, id: string, outcome: string): Promise<void> {
  await tx.updateTable("delivery").set({ handledAt: new Date(), outcome }).where("id", "=", id).execute();
}

/** Deliveries that were acknowledged but not yet understood, oldest first. */
export async function unhandled(db: Db): Promise<readonly Delivery[]> {
  const rows = await db
    .selectFrom("delivery")
    .select(["id", "event", "body", "receivedAt"])
    .where("handledAt", "is", null)
    .orderBy("receivedAt")
    .execute();
  return rows.map((row) => ({ ...row, body: row.body ?? Buffer.alloc(0) }));
}

/** Those of these delivery ids that are in the inbox. */
export async function knownDeliveries(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db.selectFrom("delivery").select("id").where("id", "in", ids).execute();
  return new Set(rows.map((row) => row.id));
}

/** Whether a delivery with this meaning is in the inbox. */
export async function isMeaningKnown(db: Db, semanticKey: string): Promise<boolean> {
  const row = await db.selectFrom("delivery").select("id").where("semanticKey", "=", semanticKey).executeTakeFirst();
  return row !== undefined;
}
