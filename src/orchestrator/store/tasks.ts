import { sql } from "kysely";
import type { Effect } from "../domain/effect.ts";
import type { Event } from "../domain/event.ts";
import { logged } from "../domain/logged.ts";
import { noReview } from "../domain/review.ts";
import type { Repository, Task } from "../domain/task.ts";
import { StoreError } from "./errors.ts";
import { toJson } from "./json.ts";
import type { Db, Tx } from "./schema.ts";

export interface IssueKey {
  readonly repository: Repository;
  readonly issue: number;
  readonly installationId: number;
  readonly title: string;
}

/** What a decision leaves in the log besides the task. */
export interface DecisionRecord {
  readonly event: Event;
  readonly effects: readonly Effect[];
  /** Why nothing came of the event; the task is then left as it is. */
  readonly ignored?: string | undefined;
}

/**
 * Locks the task of an issue until the transaction ends, and creates it when it is new, so that events of one issue
 * are decided one after the other. Always the first lock of a transaction: task, then run, then admission; taken in
 * this order they cannot wait for each other in a circle. Name and installation are brought up to date (security.md
 * T40: they change, the id does not).
 */
export async function lockTask(tx: Tx, key: IssueKey): Promise<Task> {
  const fresh = newTask(key);
  await tx
    .insertInto("task")
    .values({
      id: fresh.id,
      repoId: key.repository.id,
      issueNumber: key.issue,
      installationId: key.installationId,
      state: toJson(fresh),
      version: fresh.version,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const task = await lockTaskById(tx, fresh.id);
  if (!task) throw new StoreError("STALE_TASK", `Task ${fresh.id} vanished while it was being locked`);
  return { ...task, repository: key.repository, installationId: key.installationId };
}

/** Locks a task that is known to exist. */
export async function lockTaskById(tx: Tx, id: string): Promise<Task | undefined> {
  const row = await tx.selectFrom("task").select("state").where("id", "=", id).forUpdate().executeTakeFirst();
  return row?.state;
}

/**
 * Writes what was decided: the next state (unless the event was ignored) and one line of the append-only decision log
 * (security.md T41).
 *
 * @throws StoreError `STALE_TASK` when somebody saved this version already, that is, the caller held no lock
 */
export async function saveTask(tx: Tx, task: Task, record: DecisionRecord): Promise<void> {
  if (record.ignored === undefined) await writeState(tx, task);
  await tx
    .insertInto("decision")
    .values({
      taskId: task.id,
      version: task.version,
      event: toJson(logged(record.event)),
      effects: record.effects.map((effect) => effect.type),
      ignored: record.ignored ?? null,
    })
    .execute();
}

/** The task as last saved. */
export async function readTask(db: Db, id: string): Promise<Task | undefined> {
  const row = await db.selectFrom("task").select("state").where("id", "=", id).executeTakeFirst();
  return row?.state;
}

/** The task whose pull request this is, open or not. */
export async function findTaskByPullRequest(db: Db, repositoryId: number, number: number): Promise<Task | undefined> {
  const row = await db
    .selectFrom("task")
    .select("state")
    .where("repoId", "=", repositoryId)
    .where(sql<boolean>`state #>> '{pullRequest,number}' = ${String(number)}`)
    .executeTakeFirst();
  return row?.state;
}

/** Tasks that something may still happen to by itself: busy ones, and those with an open pull request. */
export async function liveTasks(db: Db): Promise<readonly Task[]> {
  const rows = await db
    .selectFrom("task")
    .select("state")
    .where(sql<boolean>`(state #>> '{work,kind}' <> 'idle' or state #>> '{pullRequest,kind}' = 'open')`)
    .orderBy("id")
    .execute();
  return rows.map((row) => row.state);
}

async function writeState(tx: Tx, task: Task): Promise<void> {
  const saved = await tx
    .updateTable("task")
    .set({
      state: toJson(task),
      version: task.version,
      installationId: task.installationId,
      updatedAt: sql<Date>`now()`,
    })
    .where("id", "=", task.id)
    .where("version", "<", task.version)
    .executeTakeFirst();
  if (saved.numUpdatedRows !== 1n)
    throw new StoreError("STALE_TASK", `Task ${task.id} is not at version ${task.version - 1}`);
}

function newTask(key: IssueKey): Task {
  return {
    id: `${key.repository.id}-${key.issue}`,
    repository: key.repository,
    installationId: key.installationId,
    issue: key.issue,
    generation: 1,
    version: 0,
    title: key.title,
    requester: undefined,
    requestedAt: undefined,
    profile: undefined,
    label: undefined,
    branch: undefined,
    pushedSha: undefined,
    snapshotHash: undefined,
    rounds: 0,
    seenLabels: {},
    withdrawnAt: undefined,
    lastRun: undefined,
    review: noReview,
    work: { kind: "idle" },
    pullRequest: { kind: "none" },
    halt: { kind: "none" },
  };
}
