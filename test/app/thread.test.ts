import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { buildWorld } from "../support/world.ts";

const databases = testDatabases();

describe("a labelled issue", () => {
  it("becomes a pull request that carries its context", async () => {
    const world = await buildWorld({
      database: await databases.create(),
      policy: "verify: { run: ['test -e fix.txt && echo all good'] }\n",
    });
    const issue = await world.issue();
    await world.as("ann").labels(issue, "agent");
    await world.settled();

    const [pull] = world.github.pullRequests(world.repository);
    expect(pull).toMatchObject({
      head: `agent/issue-${issue}`,
      base: "main",
      state: "open",
      draft: false,
      title: "Fix it",
    });
    expect(pull?.requestedReviewers).toEqual(["ann"]);
    expect(world.conversation(issue)).toMatchSnapshot();
    expect(pull?.body.replaceAll(/`[0-9a-f-]+`|\d+ s/g, "…")).toMatchSnapshot();
    const [check] = world.github.checks(world.repository, pull?.headSha);
    expect(check).toMatchObject({
      name: "baton",
      status: "completed",
      conclusion: "success",
      title: "Verified in a fresh clone",
    });
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
