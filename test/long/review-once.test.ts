import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();
const repo = "/repos/{owner}/{repo}";
const replies = `POST ${repo}/pulls/{pull_number}/comments/{comment_id}/replies`;
const graphql = "POST /graphql";

describe("answers to a review", { timeout: 240_000 }, () => {
  it("stand there once, though GitHub's word on every kind of write was lost", async () => {
    const { world, issue, number, threads, answers, told, checks } = await withPullRequest(await databases.create());
    const { faults } = world.github;
    const resolutions = () =>
      world.github.requests.filter(({ body }) => JSON.stringify(body ?? "").includes("mutation ResolveThread"));
    for (const route of [replies, `POST ${repo}/check-runs`, `PATCH ${repo}/check-runs/{check_run_id}`]) {
      faults.answer({ route, when: "after", status: 502 });
      faults.hangUp({ route, when: "after" });
    }
    faults.answer({ route: `POST ${repo}/issues/{issue_number}/comments`, when: "after", status: 502 });
    // The next question in GraphQL is a resolution.
    faults.run({ route: replies, when: "after" }, () => faults.hangUp({ route: graphql, when: "after" }));
    const rabbit = world.asBot("rabbit[bot]");
    await rabbit.reviews(number, {
      event: "COMMENT",
      comments: [line(1, "Please four"), line(2, "Keep it?"), line(3, "Please five")],
    });
    await world.as("max").comments(number, "@baton Please six");
    await world.settled();
    await rabbit.reviews(number, { event: "COMMENT", comments: [line(1, "Which one?")] });
    await world.settled();

    expect(answers()).toEqual([
      ["Fixed in <sha>.\n\nAdded four."],
      ["Not changed: It is public API."],
      ["Fixed in <sha>.\n\nAdded five."],
      ["Ten or twenty?\n\nAnswer here, and the next round takes it up."],
    ]);
    const resolvers = () => threads().map(({ resolvedBy }) => resolvedBy);
    expect(resolvers()).toEqual(["baton[bot]", undefined, "baton[bot]", undefined]);
    expect(told()).toEqual([expect.stringContaining("Added six.")]);
    expect(checks()).toMatchObject([{ conclusion: "failure" }]);
    expect(
      resolutions()
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual([0, 200, 200]);
    expect(await world.runs()).toHaveLength(3);

    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    world.github.assertClean();
  });
});
