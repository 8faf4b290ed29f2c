import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/** Tasks remember the review of their pull request. Older ones begin with none: what waits is found by the next reading. */
export const reviewSchema: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(review).execute(db);
  },
};

const review = `
  update baton.task set state = state || '{"review": {"ledger": [], "rounds": [], "begun": 0, "pending": [], "admitted": {},
    "stuckOn": [], "quietSeconds": 60}}' where not state ? 'review'
`;
