import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { StoreLog } from "./log.ts";
import type { Db, Schema } from "./schema.ts";

/** How to reach a server: a URL, or the socket directory of the embedded one. */
export type Connection =
  | { readonly connectionString: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

/** Opens a pool whose queries use camel case names in the schema `baton`. Nothing connects before the first query. */
export function openPool(connection: Connection, options: { readonly size: number; readonly log: StoreLog }): Db {
  const pool = new pg.Pool({ ...connection, max: options.size, application_name: "baton", types: { getTypeParser } });
  // A connection that breaks must not end the process, be it idle or in use: whoever uses it gets the error with the
  // query, and the next query opens a new one.
  const lost = (error: Error): void => options.log.warn({ err: error }, "database connection lost");
  pool.on("error", lost);
  pool.on("connect", (client) => client.on("error", lost));
  return new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  }).withSchema("baton");
}

/** GitHub's ids are bigint; all that exist fit a double, and one that would not must never be rounded silently. */
function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  if (oid === pg.types.builtins.INT8 && format !== "binary") return parseBigint;
  return pg.types.getTypeParser(oid, format as "text");
}

function parseBigint(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new RangeError(`The database holds the integer ${value}, which is too large`);
  return number;
}
