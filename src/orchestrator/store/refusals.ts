import { sql } from "kysely";
import type { Tx } from "./schema.ts";

export interface RefusalKey {
  readonly taskId: string;
  readonly actorId: number;
  readonly kind: string;
}

/**
 * Whether this refusal is to be said aloud: at most once in 24 hours for a person, an issue and a kind (security.md
 * T37). Asking counts as saying. Of two at once one gets `say`.
 */
export async function claimRefusal(tx: Tx, key: RefusalKey): Promise<"say" | "said"> {
  const { rows } = await sql`
    insert into baton.refusal as old (task_id, actor_id, kind, said_at)
    values (${key.taskId}, ${key.actorId}, ${key.kind}, now())
    on conflict (task_id, actor_id, kind) do update set said_at = excluded.said_at
      where old.said_at <= excluded.said_at - interval '24 hours'
    returning 1`.execute(tx);
  return rows.length > 0 ? "say" : "said";
}
