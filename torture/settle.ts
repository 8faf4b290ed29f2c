import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Arena } from "./arena.ts";

/** How long a world may take to come to rest, in milliseconds; a lease that has to lapse is the longest wait. */
const patienceMs = 180_000;
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
  const deadline = Date.now() + patienceMs;
  for (let quiet = 0; quiet < 3; ) {
    if (Date.now() > deadline) return false;
    await arena.github.settled();
    quiet = (await pending(arena)) === 0 ? quiet + 1 : 0;
    await pause(100);
  }
  return true;
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
