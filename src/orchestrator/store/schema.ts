import type { ColumnType, Generated, Kysely, Transaction } from "kysely";
import type { Effect } from "../domain/effect.ts";
import type { Event } from "../domain/event.ts";
import type { RunOrder, RunOutcome } from "../domain/run.ts";
import type { Phase, Task } from "../domain/task.ts";

/** A connection pool; every function that only reads takes one. */
export type Db = Kysely<Schema>;
/** An open transaction; every function that writes takes one, so that its caller decides what belongs together. */
export type Tx = Transaction<Schema>;

/** The tables of the schema `baton`, as the queries see them (camel case; snake case in the database). */
export interface Schema {
  readonly delivery: DeliveryTable;
  readonly task: TaskTable;
  readonly decision: DecisionTable;
  readonly run: RunTable;
  readonly runEvent: RunEventTable;
  readonly effect: EffectTable;
  readonly object: ObjectTable;
  readonly repository: RepositoryTable;
  readonly redelivery: RedeliveryTable;
  readonly watermark: WatermarkTable;
}

/** Written as text made by `toJson`, read as a value. */
type Json<T> = ColumnType<T, string, string>;
type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

interface DeliveryTable {
  id: string;
  event: string;
  action: string | null;
  installationId: number | null;
  semanticKey: string | null;
  body: Buffer | null;
  receivedAt: Generated<Date>;
  handledAt: Date | null;
  outcome: string | null;
}

interface TaskTable {
  id: string;
  repoId: number;
  issueNumber: number;
  installationId: number;
  state: Json<Task>;
  version: number;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
}

interface DecisionTable {
  seq: Generated<number>;
  taskId: string;
  version: number;
  at: Generated<Date>;
  event: Json<Event>;
  effects: string[];
  ignored: string | null;
}

export type RunState = "queued" | "active" | "cancelling" | "succeeded" | "failed" | "cancelled";

interface RunTable {
  id: string;
  seq: Generated<number>;
  taskId: string;
  repoId: number;
  purpose: RunOrder["purpose"];
  state: Generated<RunState>;
  priority: Generated<number>;
  attempt: Generated<number>;
  order: Json<RunOrder>;
  ticket: string | null;
  claim: number | null;
  worker: string | null;
  boot: string | null;
  phase: Phase | null;
  baseSha: string | null;
  headSha: string | null;
  bundle: Buffer | null;
  outcome: OptionalJson<RunOutcome>;
  queuedAt: Generated<Date>;
  startedAt: Date | null;
  finishedAt: Date | null;
  cancelAt: Date | null;
}

interface RunEventTable {
  runId: string;
  n: number;
  at: Date;
  kind: string;
  data: Json<unknown>;
}

export type EffectState = "pending" | "doing" | "done" | "failed" | "cancelled";

interface EffectTable {
  id: string;
  seq: Generated<number>;
  taskId: string;
  runId: string | null;
  lane: string;
  type: Effect["type"];
  payload: Json<StoredEffect>;
  state: Generated<EffectState>;
  attempts: Generated<number>;
  nextAt: Generated<Date>;
  leaseUntil: Date | null;
  leaseOwner: string | null;
  fence: Generated<number>;
  externalId: string | null;
  error: string | null;
  createdAt: Generated<Date>;
  doneAt: Date | null;
}

/** What goes through the outbox: all effects but the two the deciding transaction carries out itself. */
export type StoredEffect = Exclude<Effect, { type: "queue_run" | "cancel_run" }>;

interface ObjectTable {
  taskId: string;
  key: string;
  externalId: string;
}

interface RepositoryTable {
  id: number;
  firstSeenAt: Date;
  /** Everything that happened before is taken up. */
  readUntil: Date | null;
}

/** Webhooks that GitHub was asked to send again. */
interface RedeliveryTable {
  guid: string;
  attempts: number;
  lastAt: Date;
}

interface WatermarkTable {
  name: string;
  at: Date;
}
