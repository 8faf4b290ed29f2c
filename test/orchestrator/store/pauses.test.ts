import { describe, expect, it } from "vitest";
import { createPacing } from "../../../src/github/pacing.ts";
import { createPauses } from "../../../src/orchestrator/store/pauses.ts";
import { testDatabases } from "../../support/database.ts";

const databases = testDatabases();

describe("a pause that GitHub asks one process for", () => {
  it("is heeded by the others, for that installation and until its end", async () => {
    const store = await databases.open();
    let now = 1_000_000;
    const clock = { now: () => now, sleep: async () => {} };
    const told = createPacing(clock, createPauses(store.db));
    const other = createPacing(clock, createPauses(store.db));
    await told.pause(1, now + 60_000);
    await told.pause(1, now + 10_000);
    const written: number[] = [];
    const write = (installation: number) => other.write(installation, async () => written.push(installation));
    await expect(write(1)).rejects.toMatchObject({ code: "rate_limited", retryAt: 1_060_000 });
    await write(2);
    now += 60_000;
    await write(1);
    expect(written).toEqual([2, 1]);
  });
});
