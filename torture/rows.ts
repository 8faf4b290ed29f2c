import pg from "pg";

/** A row in the moment it was committed. */
export interface Row {
  /** Of a delivery. */
  readonly action: string | null;
  /** Of a decision: what happened. */
  readonly type: string | null;
}

/** Tells of each delivery and decision on commit. */
export interface Rows {
  /** Resolves with the next row that is wanted. */
  next(wanted: (row: Row) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Lets the database itself tell of new rows: no polling is as fast, and the app knows nothing of it. */
export async function tellRows(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client.query(`
    create function public.tell_row() returns trigger language plpgsql as $$ begin
      perform pg_notify('rows', json_build_object('action', to_jsonb(new)->'action', 'type', to_jsonb(new)->'event'->'type')::text);
      return null;
    end $$;
    create trigger tell after insert on baton.delivery for each row execute function public.tell_row();
    create trigger tell after insert on baton.decision for each row execute function public.tell_row()`);
  await client.end();
}

/** Listens to a database that tells its rows. */
export async function watchRows(connection: pg.ClientConfig): Promise<Rows> {
  const client = new pg.Client(connection);
  client.on("error", () => {}); // the database may be killed, or dropped when a test ends
  await client.connect();
  await client.query("listen rows");
  return {
    next: (wanted) =>
      new Promise((reached) => {
        const look = ({ payload = "" }: pg.Notification): void => {
          if (!wanted(JSON.parse(payload))) return;
          client.off("notification", look);
          reached();
        };
        client.on("notification", look);
      }),
    close: () => client.end().catch(() => {}),
  };
}
