import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** What the reconciler remembers: since when it knows a repository, how far it has looked, what it asked for again. */
export const reconcileSchema: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(looks).execute(db);
    await sql.raw(tasks).execute(db);
  },
};

const looks = `
  create table baton.repository (
    id bigint primary key,
    first_seen_at timestamptz not null,
    read_until timestamptz
  );
  create table baton.redelivery (
    guid text primary key,
    attempts integer not null,
    last_at timestamptz not null
  );
  create table baton.watermark (
    name text primary key,
    at timestamptz not null
  );
`;

// Older tasks have seen labels too. Their times need not be found out: repositories count as first seen from now on.
const tasks = `update baton.task set state = state || '{"seenLabels": {}}' where not state ? 'seenLabels'`;
