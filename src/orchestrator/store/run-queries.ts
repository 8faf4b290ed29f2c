import { sql } from "kysely";
import type { Fence, Queue } from "./queue.ts";
import type { Db } from "./schema.ts";

/**
 * Where a task's next run stands in the queue, 1 being next; undefined when it has none waiting. How many wait behind
 * it is not told: that would change with every newcomer, and each change is a write to GitHub.
 */
export async function queuePosition(db: Db, taskId: string): Promise<number | undefined> {
  const { rows } = await sql<{ position: number }>`
    select position from (
      select task_id, row_number() over (order by priority desc, seq) as position
      from baton.run where state = 'queued'
    ) as waiting where task_id = ${taskId} order by position limit 1`.execute(db);
  return rows[0]?.position;
}

/** Tasks with a run that waits, in the order of the queue: those whose shown position may have moved. */
export async function waitingTasks(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("run")
    .select("taskId")
    .where("state", "=", "queued")
    .orderBy("priority", "desc")
    .orderBy("seq")
    .execute();
  return [...new Set(rows.map((row) => row.taskId))];
}

/** Runs that an earlier start of this worker held when it died; nobody has to wait for their leases to lapse. */
export async function runsOfFormerBoots(
  db: Db,
  me: { readonly worker: string; readonly boot: string },
): Promise<readonly { readonly run: string; readonly fence: Fence }[]> {
  const rows = await db
    .selectFrom("run")
    .select(["id", "ticket", "claim"])
    .where("worker", "=", me.worker)
    .where("boot", "!=", me.boot)
    .where("state", "in", ["active", "cancelling"])
    .orderBy("seq")
    .execute();
  return rows.flatMap(({ id, ticket, claim }) =>
    ticket !== null && claim !== null ? [{ run: id, fence: { ticket, claim } }] : [],
  );
}

/** Runs that hold a slot though their ticket is gone, so that nobody will ever work on them. */
export async function strandedRuns(db: Db, queue: Queue): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("run")
    .select(["id", "ticket"])
    .where("state", "=", "active")
    .orderBy("seq")
    .execute();
  const live = await queue.liveTickets(
    db,
    rows.flatMap((row) => row.ticket ?? []),
  );
  return rows.filter((row) => !row.ticket || !live.has(row.ticket)).map((row) => row.id);
}

/** Cancellations that no worker has confirmed for this many seconds: the worker is dead. */
export async function overdueCancels(
  db: Db,
  seconds: number,
): Promise<readonly { readonly run: string; readonly ticket: string }[]> {
  const rows = await db
    .selectFrom("run")
    .select(["id", "ticket"])
    .where("state", "=", "cancelling")
    .where(sql<boolean>`cancel_at < now() - make_interval(secs => ${seconds})`)
    .orderBy("seq")
    .execute();
  return rows.flatMap(({ id, ticket }) => (ticket === null ? [] : [{ run: id, ticket }]));
}
