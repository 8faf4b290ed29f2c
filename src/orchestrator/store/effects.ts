import type { UpdateObject } from "kysely";
import { type Selectable, sql } from "kysely";
import type { Effect } from "../domain/effect.ts";
import type { Task } from "../domain/task.ts";
import { LostClaim } from "./errors.ts";
import { cleanText, toJson } from "./json.ts";
import type { Db, Schema, StoredEffect, Tx } from "./schema.ts";

/** An effect a worker has in hand. `id` is the idempotency key, `fence` the proof that it is still this worker's. */
export type ClaimedEffect = Selectable<Schema["effect"]>;

/** What a worker shows to settle an effect. */
export interface EffectClaim {
  readonly id: string;
  readonly fence: number;
}

/**
 * Puts a decision's effects into the outbox; `queue_run` and `cancel_run` are not for it and are left out. `index` in
 * the id counts them all, so that the ids do not depend on what is stored.
 *
 * Only one refresh of the status comment ever waits: it shows the newest facts anyway, and keeps its place and its time,
 * so that a pause GitHub asked for is not cut short by news. What is new during such a pause waits for its end.
 *
 * @param task the task as saved by the decision
 */
export async function addEffects(tx: Tx, task: Task, effects: readonly Effect[]): Promise<void> {
  const until = await pausedUntil(tx, task);
  for (const [index, effect] of effects.entries()) {
    if (effect.type === "queue_run" || effect.type === "cancel_run") continue;
    if (effect.type === "refresh_status" && (await refreshWaits(tx, task.id))) continue;
    if (effect.type === "read_feedback" && (await readingWaits(tx, task.id, effect))) continue;
    await tx
      .insertInto("effect")
      .values({
        id: `${task.id}-${task.version}-${index}`,
        taskId: task.id,
        runId: "run" in effect ? effect.run : null,
        lane: laneOf(effect),
        type: effect.type,
        payload: toJson(effect),
        ...(until ? { nextAt: until, leaseOwner: GITHUB } : notBefore(effect)),
      })
      .execute();
  }
}

/**
 * Takes the next effect of a task that may be done now, for `leaseMs`. Effects of one lane are done strictly in order:
 * nothing overtakes an earlier one that waits, is being retried or is in another worker's hands. An effect whose worker
 * let the lease lapse is handed out again, with a new fence.
 */
export async function claimNext(
  db: Db,
  claim: { readonly taskId: string; readonly owner: string; readonly leaseMs: number },
): Promise<ClaimedEffect | undefined> {
  return db
    .updateTable("effect")
    .set({
      state: "doing",
      attempts: sql<number>`attempts + 1`,
      fence: sql<number>`fence + 1`,
      leaseOwner: claim.owner,
      leaseUntil: sql<Date>`now() + make_interval(secs => ${claim.leaseMs / 1000})`,
    })
    .where("id", "=", (select) =>
      select
        .selectFrom("effect as e")
        .select("e.id")
        .where("e.taskId", "=", claim.taskId)
        .where(isDue)
        .where(isHead)
        .orderBy("e.seq")
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
}

/**
 * Renews the lease for another `leaseMs`. A lease that lapsed unnoticed is renewed too, as long as nobody else has
 * claimed the effect: what counts is that from now on nobody can.
 *
 * @throws LostClaim
 */
export async function holdEffect(db: Db, claim: EffectClaim, leaseMs: number): Promise<void> {
  const held = await db
    .updateTable("effect")
    .set({ leaseUntil: sql<Date>`now() + make_interval(secs => ${leaseMs / 1000})` })
    .where("id", "=", claim.id)
    .where("state", "=", "doing")
    .where("fence", "=", claim.fence)
    .executeTakeFirst();
  if (held.numUpdatedRows !== 1n) throw new LostClaim(`effect ${claim.id}`);
}

/**
 * Lets go of what earlier starts of this worker had in hand when they died: nobody has to wait for those leases to
 * lapse. Sure only while this process is known to be the one worker of that name. Returns how many there were.
 */
export async function releaseFormerEffects(
  db: Db,
  me: { readonly worker: string; readonly boot: string },
): Promise<number> {
  const released = await db
    .updateTable("effect")
    .set({ leaseUntil: sql<Date>`now() - interval '1 second'` })
    .where("state", "=", "doing")
    .where(sql<boolean>`starts_with(lease_owner, ${ownerOf({ worker: me.worker, boot: "" })})`)
    .where("leaseOwner", "!=", ownerOf(me))
    .executeTakeFirst();
  return Number(released.numUpdatedRows);
}

/** The name under which one start of a worker holds effects. */
export function ownerOf({ worker, boot }: { readonly worker: string; readonly boot: string }): string {
  return `${worker}#${boot}`;
}

/** The effect was carried out. `externalId` is GitHub's id of what it made. @throws LostClaim */
export async function completeEffect(tx: Tx, claim: EffectClaim, externalId?: string): Promise<void> {
  await settle(tx, claim, { state: "done", externalId: externalId ?? null, error: null, doneAt: new Date() });
}

/**
 * The effect is tried again at `nextAt` (milliseconds since the epoch) and holds up its lane until then. A `pause` that
 * GitHub asked for is no try: nothing was done, and patience must not use up the chances of what comes after it.
 *
 * @throws LostClaim
 */
export async function postponeEffect(
  tx: Tx,
  claim: EffectClaim,
  later: { readonly nextAt: number; readonly error: string; readonly counts: "try" | "pause" },
): Promise<void> {
  const nextAt = new Date(later.nextAt);
  const changes = { state: "pending", nextAt, error: cleanText(later.error) } as const;
  if (later.counts === "try") return settle(tx, claim, changes);
  await settle(tx, claim, { ...changes, attempts: sql<number>`attempts - 1`, leaseOwner: GITHUB });
  await pauseOthers(tx, claim, nextAt);
}

/** Stands for the owner of an effect that waits because GitHub wants to be left alone until its `next_at`. */
const GITHUB = "github";

/** Everything else of that installation waits as long: other processes do not know what this one was told. */
async function pauseOthers(tx: Tx, claim: EffectClaim, until: Date): Promise<void> {
  await sql`
    update baton.effect set next_at = greatest(next_at, ${until}), lease_owner = ${GITHUB}
    where id in (
      select e.id from baton.effect e join baton.task t on t.id = e.task_id
      where e.state = 'pending' and e.next_at < ${until} and t.installation_id = (
        select installation_id from baton.task join baton.effect mine on mine.task_id = task.id where mine.id = ${claim.id})
      order by e.seq for update of e skip locked)`.execute(tx);
}

/** Until when an installation has to wait, for effects that are new; undefined when it does not. */
async function pausedUntil(tx: Tx, task: Task): Promise<Date | undefined> {
  const row = await tx
    .selectFrom("effect as e")
    .innerJoin("task as t", "t.id", "e.taskId")
    .select((select) => select.fn.max("e.nextAt").as("until"))
    .where("t.installationId", "=", task.installationId)
    .where("e.state", "=", "pending")
    .where("e.leaseOwner", "=", GITHUB)
    .where(sql<boolean>`e.next_at > now()`)
    .executeTakeFirst();
  return row?.until ?? undefined;
}

/** The effect will never succeed; its lane goes on without it. @throws LostClaim */
export async function failEffect(tx: Tx, claim: EffectClaim, error: string): Promise<void> {
  await settle(tx, claim, { state: "failed", error: cleanText(error), doneAt: new Date() });
}

/** Withdraws what is still to be done for a run. An effect in a worker's hands goes on. */
export async function cancelLater(tx: Tx, run: string): Promise<void> {
  await tx
    .updateTable("effect")
    .set({ state: "cancelled", doneAt: sql<Date>`now()` })
    .where("runId", "=", run)
    .where("state", "=", "pending")
    .execute();
}

/** Milliseconds until the task's next effect can be claimed, 0 when one can now; undefined when all is done. */
export async function nextDueIn(db: Db, taskId: string): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number | null }>`
    select (1000 * extract(epoch from min(case state when 'doing' then lease_until else next_at end) - now()))::float8 as ms
    from baton.effect e where task_id = ${taskId} and state in ('pending', 'doing') and ${isHead()}`.execute(db);
  const ms = rows[0]?.ms;
  return ms == null ? undefined : Math.max(0, Math.ceil(ms));
}

/** Tasks with an effect that could be claimed now: each needs a ticket, if the one it had was lost. */
export async function dueTasks(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("effect as e")
    .select("e.taskId")
    .distinct()
    .where(isDue)
    .where(isHead)
    .orderBy("e.taskId")
    .execute();
  return rows.map((row) => row.taskId);
}

/**
 * Which effects keep the order among each other. Publishing a run is a chain: push, pull request, check. What people
 * read must not be stuck behind it, nor one kind behind another; within a kind the order holds, which also keeps two
 * workers from making the status comment at the same time. 👀 for a label stands on that comment and comes after it.
 */
function laneOf(effect: StoredEffect): string {
  if (effect.type === "react" && effect.to.kind === "label") return "refresh_status";
  if (effect.type === "reply_in_thread") return `answer:${effect.row.item}`;
  if (effect.type === "resolve_thread") return `answer:${effect.item}`;
  return "run" in effect ? `run:${effect.run}` : effect.type;
}

/** Locks the waiting refresh, so that nobody can take it in hand before this transaction's news can be seen. */
async function refreshWaits(tx: Tx, taskId: string): Promise<boolean> {
  const waiting = await tx
    .selectFrom("effect")
    .select("id")
    .where("taskId", "=", taskId)
    .where("type", "=", "refresh_status")
    .where("state", "=", "pending")
    .forUpdate()
    .execute();
  return waiting.length > 0;
}

/** Undefined: now, by the database's own clock. */
function notBefore(effect: StoredEffect): { readonly nextAt?: Date } {
  return effect.type === "read_feedback" && effect.notBefore > 0 ? { nextAt: new Date(effect.notBefore) } : {};
}

/** How long one who never stops writing can put a reading off. */
const longestQuiet = "10 minutes";

/**
 * One reading waits at a time, and is put off until it is quiet. Somebody who asks for one gets it now, with what they
 * said, and in the place of the one that waits: what that would have found, this one finds.
 */
async function readingWaits(
  tx: Tx,
  taskId: string,
  effect: StoredEffect & { type: "read_feedback" },
): Promise<boolean> {
  const waiting = tx
    .updateTable("effect")
    .where("taskId", "=", taskId)
    .where("type", "=", "read_feedback")
    .where("state", "=", "pending")
    .where(sql<boolean>`payload->'asked' is null`);
  if (effect.asked) {
    await waiting.set({ state: "cancelled", doneAt: sql<Date>`now()` }).execute();
    return false;
  }
  const nextAt =
    effect.notBefore > 0
      ? sql<Date>`greatest(next_at, least(${new Date(effect.notBefore)}, created_at + ${longestQuiet}::interval))`
      : sql<Date>`now()`;
  // A pause that GitHub asked for is not cut short.
  const set = { nextAt: sql<Date>`case when lease_owner = ${GITHUB} then next_at else ${nextAt} end` };
  return (await waiting.set(set).executeTakeFirst()).numUpdatedRows > 0n;
}

async function settle(tx: Tx, claim: EffectClaim, changes: UpdateObject<Schema, "effect">): Promise<void> {
  const settled = await tx
    .updateTable("effect")
    .set({ leaseOwner: null, ...changes, leaseUntil: null })
    .where("id", "=", claim.id)
    .where("state", "=", "doing")
    .where("fence", "=", claim.fence)
    .executeTakeFirst();
  if (settled.numUpdatedRows !== 1n) throw new LostClaim(`effect ${claim.id}`);
}

/** Waiting and its time has come, or left behind by a worker that died. */
function isDue() {
  return sql<boolean>`(e.state = 'pending' and e.next_at <= now() or e.state = 'doing' and e.lease_until < now())`;
}

function isHead() {
  return sql<boolean>`not exists (
    select 1 from baton.effect earlier where earlier.task_id = e.task_id and earlier.lane = e.lane
      and earlier.seq < e.seq and earlier.state in ('pending', 'doing'))`;
}
