import { type EmbeddedServer, startEmbedded } from "./embedded.ts";
import type { StoreLog } from "./log.ts";
import { migrate } from "./migrate.ts";
import { type Connection, openPool } from "./pool.ts";
import { openQueue, type Queue, type QueueSettings } from "./queue.ts";
import type { Db, Tx } from "./schema.ts";

export interface StoreOptions {
  /** An existing PostgreSQL, 13 or newer; an embedded one is started under `dataDir` when undefined. */
  readonly databaseUrl?: string | undefined;
  readonly dataDir: string;
  readonly log: StoreLog;
  /** Connections of this process for its own queries; the queue has four more and one that listens. */
  readonly poolSize?: number;
  /** Programs of another PostgreSQL installation for the embedded server. */
  readonly pgBin?: string | undefined;
  readonly queue?: Partial<QueueSettings> | undefined;
}

export interface Store {
  readonly db: Db;
  readonly queue: Queue;
  /** One transaction: all of it commits, or nothing does when `work` throws. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Lets go of everything; stops the embedded server unless another process uses it. */
  close(): Promise<void>;
}

/**
 * Opens the one place where Baton's state lives, ready for use: server, schema, queue. Any number of processes may do
 * so at once.
 *
 * @throws StoreError
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const server = options.databaseUrl === undefined ? await startEmbedded(options) : undefined;
  const connection: Connection = server?.connection ?? { connectionString: options.databaseUrl ?? "" };
  const db = openPool(connection, { size: options.poolSize ?? 10, log: options.log });
  try {
    await migrate(db);
    const queue = await openQueue(connection, { log: options.log, settings: options.queue });
    return {
      db,
      queue,
      transaction: (work) => db.transaction().execute(work),
      close: () => closeAll({ queue, db, server }),
    };
  } catch (error) {
    await closeAll({ db, server });
    throw error;
  }
}

async function closeAll(parts: {
  readonly queue?: Queue;
  readonly db: Db;
  readonly server: EmbeddedServer | undefined;
}): Promise<void> {
  await parts.queue?.close();
  await parts.db.destroy();
  await parts.server?.stop();
}
