import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { buildWorld, patientAgent } from "../support/world.ts";

const databases = testDatabases();

describe("more work than places", { timeout: 120_000 }, () => {
  it("waits in line, sees its position, moves up and can leave the line", async () => {
    const world = await buildWorld({ database: await databases.create(), agent: patientAgent, limits: { total: 1 } });
    const ann = world.as("ann");
    const issues = [await world.issue(), await world.issue(), await world.issue(), await world.issue()] as const;
    const [first, second, third, fourth] = issues;
    await ann.labels(first, "agent");
    await world.statusIs(first, /The agent is working/);
    await ann.labels(second, "agent");
    await world.statusIs(second, /Queued: number 1 in line/);
    await ann.labels(third, "agent");
    await world.statusIs(third, /Queued: number 2 in line/);
    await ann.comments(fourth, "/agent run");
    await world.statusIs(fourth, /Queued: number 3 in line/);

    await ann.comments(third, "/agent stop");
    await world.statusIs(third, /Stopped/);
    await world.statusIs(fourth, /Queued: number 2 in line/);

    world.release(first);
    await world.statusIs(second, /The agent is working/);
    await world.statusIs(fourth, /Queued: number 1 in line/);
    await ann.closes(fourth);
    await world.statusIs(fourth, /Stopped/);
    world.release(second);
    await world.settled();

    const heads = world.github.pullRequests(world.repository).map(({ head }) => head);
    expect(heads).toEqual([first, second].map((issue) => `agent/issue-${issue}`));
    const runs = await world.runs();
    expect(runs.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "cancelled", "cancelled"]);
    const worked = runs.filter(({ startedAt }) => startedAt !== null);
    expect(worked).toHaveLength(2);
    for (const [index, run] of worked.slice(1).entries()) {
      expect(run.startedAt?.getTime()).toBeGreaterThanOrEqual(worked[index]?.finishedAt?.getTime() ?? Number.NaN);
    }
    expect(world.told(third)).toEqual(["### ⏹ Stopped\n\n**Next:** stopped by `ann`. `/agent run` starts again."]);
    for (const issue of issues) expect(world.told(issue)).toHaveLength(1);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });

  it("of one repository does not hold up another", async () => {
    const world = await buildWorld({
      database: await databases.create(),
      agent: patientAgent,
      limits: { total: 5, perRepository: 1 },
    });
    const other = await world.github.createRepository({
      owner: "acme",
      name: "warehouse",
      files: { "README.md": "# Warehouse\n" },
      people: { ann: "write" },
    });
    const [first, second] = [await world.issue(), await world.issue()];
    const elsewhere = await other.openIssue({ as: "ann", title: "It is broken here too" });
    await world.as("ann").labels(first, "agent");
    await world.statusIs(first, /The agent is working/);
    await world.as("ann").labels(second, "agent");
    await world.statusIs(second, /Queued: number 1 in line/);
    await world.github.as("ann").on(other).labels(elsewhere, "agent");
    await world.statusIs(elsewhere, /The agent is working/, other);
    await world.statusIs(second, /Queued: number 1 in line/);
    world.release(first);
    await world.statusIs(second, /The agent is working/);
    await world.statusIs(first, /Ready for review/);
    await world.answered();

    expect((await world.runs()).map(({ state }) => state)).toEqual(["succeeded", "active", "active"]);
    for (const issue of [first, second]) expect(world.told(issue)).toHaveLength(1);
    expect(world.told(elsewhere, other)).toHaveLength(1);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
