import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** The first schema: inbox, tasks with their decision log, runs with their transcript, outbox, made objects. */
export const firstSchema: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(inbox).execute(db);
    await sql.raw(tasks).execute(db);
    await sql.raw(runs).execute(db);
    await sql.raw(outbox).execute(db);
  },
};

// The body is kept as bytes: jsonb refuses U+0000 and lone surrogates, and JSON.parse rounds ids over 2^53.
const inbox = `
  create table baton.delivery (
    id text primary key,
    event text not null,
    action text,
    installation_id bigint,
    semantic_key text,
    body bytea,
    received_at timestamptz not null default now(),
    handled_at timestamptz,
    outcome text
  );
  create unique index delivery_semantic_key on baton.delivery (semantic_key) where semantic_key is not null;
  create index delivery_unhandled on baton.delivery (received_at) where handled_at is null;
`;

const tasks = `
  create table baton.task (
    id text primary key,
    repo_id bigint not null,
    issue_number integer not null,
    installation_id bigint not null,
    state jsonb not null,
    version integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (repo_id, issue_number)
  );
  create index task_pull_request on baton.task (repo_id, (state #>> '{pullRequest,number}'));
  create index task_live on baton.task (id)
    where state #>> '{work,kind}' <> 'idle' or state #>> '{pullRequest,kind}' = 'open';

  create table baton.decision (
    seq bigserial primary key,
    task_id text not null references baton.task,
    version integer not null,
    at timestamptz not null default now(),
    event jsonb not null,
    effects text[] not null,
    ignored text
  );
  create index decision_task on baton.decision (task_id, seq);

  create function baton.refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception 'the decision log is append-only';
  end $$;
  create trigger decision_append_only before update or delete or truncate on baton.decision
    for each statement execute function baton.refuse_change();
`;

// One live run per issue is the database's rule, whatever the code above it does.
const runs = `
  create table baton.run (
    id text primary key,
    seq bigserial not null,
    task_id text not null references baton.task,
    repo_id bigint not null,
    purpose text not null,
    state text not null default 'queued'
      check (state in ('queued', 'active', 'cancelling', 'succeeded', 'failed', 'cancelled')),
    priority integer not null default 0,
    attempt integer not null default 0,
    "order" jsonb not null,
    ticket uuid,
    claim integer,
    worker text,
    boot text,
    phase text,
    base_sha text,
    head_sha text,
    bundle bytea,
    outcome jsonb,
    queued_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    cancel_at timestamptz
  );
  create unique index run_one_live_per_task on baton.run (task_id) where state in ('active', 'cancelling');
  create index run_live on baton.run (task_id, seq) where state in ('queued', 'active', 'cancelling');

  create table baton.run_event (
    run_id text not null references baton.run,
    n integer not null,
    at timestamptz not null,
    kind text not null,
    data jsonb not null,
    primary key (run_id, n)
  );
`;

const outbox = `
  create table baton.effect (
    id text primary key,
    seq bigserial not null,
    task_id text not null references baton.task,
    run_id text,
    lane text not null,
    type text not null,
    payload jsonb not null,
    state text not null default 'pending' check (state in ('pending', 'doing', 'done', 'failed', 'cancelled')),
    attempts integer not null default 0,
    next_at timestamptz not null default now(),
    lease_until timestamptz,
    lease_owner text,
    fence integer not null default 0,
    external_id text,
    error text,
    created_at timestamptz not null default now(),
    done_at timestamptz
  );
  create index effect_open on baton.effect (task_id, lane, seq) where state in ('pending', 'doing');

  create table baton.object (
    task_id text not null references baton.task,
    key text not null,
    external_id text not null,
    primary key (task_id, key)
  );
`;
