import { sql } from "kysely";
import type { Queue } from "./queue.ts";
import type { Tx } from "./schema.ts";

export interface AdmissionLimits {
  /** Live runs in all, over every process on this database. */
  readonly total: number;
  readonly perRepository: number;
}

/**
 * Lets queued runs start as far as the limits allow: one per issue, first come first served within a priority.
 * To be called last in every transaction that adds, ends or gives back a run. Exact over any number of processes: an
 * advisory lock serialises admissions, and the statement after it sees all that was committed before (engine.md §7).
 * A queued row that another transaction is changing right now is left to that transaction's own admission; waiting for
 * it while holding the lock could wait for ever.
 *
 * @returns the runs that may start now, each with a ticket in the queue
 */
export async function admit(tx: Tx, queue: Queue, limits: AdmissionLimits): Promise<readonly string[]> {
  await sql`select pg_advisory_xact_lock(${admissionLock})`.execute(tx);
  const { rows } = await sql<{ run: string; ticket: string }>`
    with load as (
      select repo_id, count(*) as n from baton.run where state in ('active', 'cancelling') group by repo_id
    ), heads as (
      select distinct on (task_id) r.* from baton.run r
      where state = 'queued' and not exists (
        select 1 from baton.run live where live.task_id = r.task_id and live.state in ('active', 'cancelling'))
      order by task_id, seq
    ), ranked as (
      select h.id, h.priority, h.seq, coalesce(l.n, 0)
        + row_number() over (partition by h.repo_id order by h.priority desc, h.seq) as nth
      from heads h left join load l using (repo_id)
    ), chosen as (
      select id from ranked where nth <= ${limits.perRepository} order by priority desc, seq
      limit (select greatest(0, ${limits.total}::bigint - coalesce(sum(n), 0)) from load)
    ), free as (
      select id from baton.run where id in (select id from chosen) and state = 'queued' for no key update skip locked
    )
    update baton.run set state = 'active', ticket = gen_random_uuid(), claim = null
    where id in (select id from free) and state = 'queued'
    returning id as run, ticket`.execute(tx);
  await queue.sendRuns(tx, rows);
  return rows.map((row) => row.run);
}

const admissionLock = 7001;
