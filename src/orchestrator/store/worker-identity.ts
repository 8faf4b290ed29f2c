import { setTimeout as pause } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { StoreLog } from "./log.ts";
import type { Db, Schema } from "./schema.ts";

export interface IdentityOptions {
  readonly worker: string;
  readonly log: StoreLog;
  /** How long a predecessor may take to leave, in milliseconds; five seconds when left out. */
  readonly patienceMs?: number;
}

/** This process is the one worker of its name, until it lets go or dies. */
export interface Identity {
  release(): Promise<void>;
}

/** A second process has the name of a running worker. */
export class IdentityTaken extends Error {
  readonly code = "IDENTITY_TAKEN";
  constructor(worker: string) {
    super(
      `Another Baton already works as "${worker}" (host name and data directory). ` +
        "Stop it first, or give this one a DATA_DIR of its own.",
    );
    this.name = "IdentityTaken";
  }
}

const retryMs = 250;
/** How often the connection that holds the name is asked whether it still lives. */
const beatMs = 2_000;

/**
 * Takes a worker's name for this process. Whoever starts under a name gives back at once what an earlier start under it
 * left behind (engine.md §7), which is right only when the earlier one is dead. The lock is a session's, so the database
 * lets go of it in the moment the process ends, however it ends.
 *
 * @throws IdentityTaken when another process has the name and keeps it
 */
export async function takeIdentity(db: Db, options: IdentityOptions): Promise<Identity> {
  const { worker, patienceMs = 5_000 } = options;
  const leaving = new AbortController();
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const taken = Promise.withResolvers<void>();
    const holding = hold(db, { worker, signal: leaving.signal, onTaken: taken.resolve });
    const first = await Promise.race([taken.promise.then(() => "taken" as const), holding]);
    if (first === "taken") {
      const kept = keepOn(db, { ...options, signal: leaving.signal, holding });
      return {
        async release() {
          leaving.abort();
          await kept;
        },
      };
    }
    if (Date.now() >= deadline) throw new IdentityTaken(worker);
    await pause(retryMs);
  }
}

interface Holding {
  readonly worker: string;
  readonly signal: AbortSignal;
}

/**
 * Takes the lock on a connection of its own and keeps that connection until the signal.
 *
 * @throws Error when the connection breaks, and the lock is gone with it
 */
async function hold(
  db: Db,
  { worker, signal, onTaken }: Holding & { readonly onTaken: () => void },
): Promise<"refused" | "released"> {
  return db.connection().execute(async (connection) => {
    if (!(await lock(connection, worker))) return "refused";
    onTaken();
    while (!signal.aborted) {
      await rest(beatMs, signal);
      await sql`select 1`.execute(connection);
    }
    await sql`select pg_advisory_unlock(${key(worker)})`.execute(connection);
    return "released";
  });
}

/** A database that went away and came back has forgotten the lock: it is taken again, and again, until we leave. */
async function keepOn(
  db: Db,
  holder: IdentityOptions & Holding & { readonly holding: Promise<"refused" | "released"> },
): Promise<void> {
  const { worker, log, signal } = holder;
  for (let holding = holder.holding; ; holding = hold(db, { worker, signal, onTaken: () => {} })) {
    const end = await holding.catch((cause: unknown) => {
      if (!signal.aborted) log.warn({ worker, err: cause }, "the worker's name was lost with its connection");
    });
    if (signal.aborted || end === "released") return;
    if (end === "refused") log.error({ worker }, "another process took this worker's name; stop one of them");
    await rest(4 * retryMs, signal);
  }
}

/** The server notices a dead machine within seconds instead of hours: when that comes back, it wants its name. */
async function lock(connection: Kysely<Schema>, worker: string): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_lock(${key(worker)}) as taken, set_config('tcp_keepalives_idle', '2', false),
      set_config('tcp_keepalives_interval', '1', false), set_config('tcp_keepalives_count', '2', false)`.execute(
    connection,
  );
  return rows[0]?.taken ?? false;
}

function key(worker: string) {
  return sql`hashtextextended(${worker}, 7002)`;
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
