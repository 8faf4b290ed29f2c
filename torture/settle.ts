import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import type { Arena } from "./arena.ts";

/**
 * A world in which nothing at all has happened for this long, in milliseconds, is stuck; a lease that has to lapse is the
 * longest wait. One that is busy for much longer than that turns in circles. A slow machine is neither.
 */
const stuckMs = 120_000;
const circlingMs = 1_800_000;
/** Restarts at the end; each compares with GitHub once, which in production happens every 15 minutes. */
const mostPasses = 4;

/**
 * Brings a world to rest: everybody starts anew, as the last kill demands, and compares with GitHub until a look finds
 * nothing that was missed.
 */
export async function comeToRest({ crew, ...arena }: Arena): Promise<void> {
  await crew.allReady();
  let isQuiet = await settle(arena);
  for (let pass = 0; pass < mostPasses && isQuiet; pass++) {
    await Promise.all(crew.members.map((member) => crew.kill(member)));
    const sizes = crew.members.map(({ logFile }) => readFileSync(logFile).length);
    await crew.allReady();
    const looks = crew.members.map(async ({ role, logFile }, index) =>
      role === "web" ? 0 : foundIn(logFile, sizes[index] ?? 0),
    );
    const found = (await Promise.all(looks)).reduce((sum, each) => sum + each, 0);
    isQuiet = await settle(arena);
    if (found === 0) return;
  }
}

/** What the first comparison after a start had to catch up with; it says so in the log. */
async function foundIn(logFile: string, from: number): Promise<number> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const lines = readFileSync(logFile).subarray(from).toString().split("\n");
    const line = lines.find((each) => each.includes('"msg":"reconciled"'));
    if (line !== undefined) {
      const { redelivered = 0, recovered = 0, troubled = 0 } = JSON.parse(line) as Partial<Record<string, number>>;
      return redelivered + recovered + troubled;
    }
    await pause(100);
  }
  return 1;
}

/** Waits until nothing is under way; false when it never comes to rest, which is for the judge then. */
async function settle(arena: Pick<Arena, "github" | "db">): Promise<boolean> {
  const started = Date.now();
  let last = { at: started, happened: "" };
  for (let quiet = 0; quiet < 3; ) {
    const happened = await happenings(arena);
    if (happened !== last.happened) last = { at: Date.now(), happened };
    if (Date.now() - last.at > stuckMs || Date.now() - started > circlingMs) return false;
    const isSettled = await Promise.race([arena.github.settled().then(() => true), pause(5_000, false)]);
    quiet = isSettled && (await pending(arena)) === 0 ? quiet + 1 : 0;
    await pause(100);
  }
  return true;
}

/** Grows with everything that is decided, written or said. */
async function happenings({ db, github }: Pick<Arena, "github" | "db">): Promise<string> {
  const { rows } = await sql<{ done: string }>`
    select concat_ws('/', (select count(*) from baton.decision), (select count(*) from baton.run_event),
      (select sum(fence) from baton.effect), (select count(*) from baton.delivery)) as done`
    .execute(db)
    .catch(() => ({ rows: [] }));
  return `${rows[0]?.done}/${github.requests.length}`;
}

async function pending({ db }: Pick<Arena, "db">): Promise<number> {
  try {
    const effects = await db.selectFrom("effect").select("id").where("state", "in", ["pending", "doing"]).execute();
    const live = ["queued", "active", "cancelling"] as const;
    const runs = await db.selectFrom("run").select("id").where("state", "in", live).execute();
    return effects.length + runs.length;
  } catch {
    return 1; // the database is just being started again
  }
}
