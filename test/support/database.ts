import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, inject } from "vitest";
import { type EmbeddedServer, startEmbedded } from "../../src/orchestrator/store/embedded.ts";
import { openStore, type Store, type StoreOptions } from "../../src/orchestrator/store/open-store.ts";
import { quietLog, temporaryDataDir } from "./temporary-data-dir.ts";

/** One empty, migrated database. */
export interface TestDatabase {
  /** For anything that takes a `DATABASE_URL`, a child process too. */
  readonly url: string;
}

export interface TestDatabases {
  /** A database of its own for the running test; dropped after it. */
  create(): Promise<TestDatabase>;
  /** The same, opened as a store with short intervals; closed after the test. */
  open(options?: Partial<StoreOptions>): Promise<Store>;
  /** Opens a database a second time, as another process would. */
  openAgain(database: TestDatabase, options?: Partial<StoreOptions>): Promise<Store>;
}

/** Intervals as short as pg-boss allows. */
export const shortIntervals = { heartbeat: 10, refresh: 0.2, supervise: 1, retryDelay: 0, poll: 0.5 };

/**
 * Databases for the tests of a file, from `DATABASE_URL` if it is set, else from an embedded server: all files of a
 * run share the one that `database-server.ts` (a global setup) takes away at the end; without it, one per file.
 * Call it once, at the top of the file.
 */
export function testDatabases(): TestDatabases {
  let server: Promise<Server> | undefined;
  const stores: Store[] = [];
  const names: string[] = [];

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    const { admin } = await (server ?? Promise.resolve({ admin: undefined }));
    for (const name of names.splice(0)) await admin?.query(`drop database ${name} with (force)`);
  });
  afterAll(async () => (await server)?.stop());

  async function create(): Promise<TestDatabase> {
    server ??= startServer();
    const { admin, template, urlOf } = await server;
    sequence += 1;
    const name = `baton_test_${process.pid}_${sequence}`;
    await admin.query(`create database ${name} template ${template}`);
    names.push(name);
    return { url: urlOf(name) };
  }

  async function openAgain(database: TestDatabase, options: Partial<StoreOptions> = {}): Promise<Store> {
    const defaults = { dataDir: "/nonexistent", log: quietLog, queue: shortIntervals };
    const store = await openStore({ ...defaults, databaseUrl: database.url, ...options });
    stores.push(store);
    return store;
  }

  return { create, openAgain, open: async (options) => openAgain(await create(), options) };
}

let sequence = 0;

interface Server {
  readonly admin: pg.Client;
  readonly template: string;
  readonly urlOf: (database: string) => string;
  stop(): Promise<void>;
}

async function startServer(): Promise<Server> {
  const given = process.env.DATABASE_URL;
  const { embedded, ownDir } = given ? {} : await startSharedOrOwn();
  const urlOf = (name: string): string => (embedded ? socketUrl(embedded, name) : serverUrl(given ?? "", name));
  const admin = new pg.Client({ connectionString: embedded ? urlOf("postgres") : given });
  await admin.connect();
  const template = await makeTemplate(admin, urlOf);
  const stop = async (): Promise<void> => {
    await admin.end();
    await embedded?.stop();
    if (ownDir) await rm(ownDir, { recursive: true, force: true });
  };
  return { admin, template, urlOf, stop };
}

async function startSharedOrOwn(): Promise<{ readonly embedded: EmbeddedServer; readonly ownDir: string | undefined }> {
  const shared: string | undefined = inject("databaseDir");
  const ownDir = shared ? undefined : temporaryDataDir();
  return { embedded: await startEmbedded({ dataDir: shared ?? ownDir ?? "", log: quietLog }), ownDir };
}

/**
 * A migrated database to copy from: 40 ms instead of a whole setup. Its name tells which code made it, so that a
 * server that stays (`DATABASE_URL`) never serves an old schema; a rename at the end makes it appear complete.
 */
async function makeTemplate(admin: pg.Client, urlOf: (name: string) => string): Promise<string> {
  const template = `baton_template_${await schemaHash()}`;
  await admin.query("select pg_advisory_lock(7100)");
  try {
    const { rowCount } = await admin.query("select 1 from pg_database where datname = $1", [template]);
    if (rowCount) return template;
    await admin.query(`drop database if exists ${template}_new with (force)`);
    await admin.query(`create database ${template}_new`);
    const store = await openStore({ databaseUrl: urlOf(`${template}_new`), dataDir: "/nonexistent", log: quietLog });
    await store.close();
    await admin.query(`alter database ${template}_new rename to ${template}`);
    return template;
  } finally {
    await admin.query("select pg_advisory_unlock(7100)");
  }
}

async function schemaHash(): Promise<string> {
  const root = join(import.meta.dirname, "../..");
  const patterns = [
    "src/orchestrator/store/migrations/*.ts",
    "src/orchestrator/store/queue.ts",
    "node_modules/pg-boss/package.json",
  ];
  const files = globSync(patterns, { cwd: root }).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(join(root, file)));
  return hash.digest("hex").slice(0, 12);
}

function socketUrl({ connection }: EmbeddedServer, database: string): string {
  const { user, host } = connection;
  return `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`;
}

function serverUrl(given: string, database: string): string {
  const url = new URL(given);
  url.pathname = `/${database}`;
  return url.href;
}

declare module "vitest" {
  interface ProvidedContext {
    /** Data directory of the embedded server that all test files share. */
    readonly databaseDir: string;
  }
}
