import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();
const words = ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj"];

describe("the life of an issue with ten answered threads", { timeout: 240_000 }, () => {
  it("costs at most 60 requests and two per thread, and nothing while nothing happens", async () => {
    const { world, issue, number, answers } = await withPullRequest(await databases.create());
    const comments = words.map((word, at) => line((at % 3) + 1, `Please ${word}`));
    await world.as("max").reviews(number, { event: "REQUEST_CHANGES", comments: comments.slice(0, 5) });
    await world.asBot("rabbit[bot]").reviews(number, { event: "COMMENT", comments: comments.slice(5) });
    await world.settled();
    expect(answers()).toEqual(words.map((word) => [`Fixed in <sha>.\n\nAdded ${word}.`]));
    await world.as("max").reviews(number, { event: "APPROVE" });
    await world.settled();
    const before = costs();
    await world.settled();
    expect(costs(), "a quiet pull request").toEqual(before);
    await world.as("max").merges(number);
    await world.settled();
    expect(world.told(issue)[0]).toMatch(/Merged/);

    const byRoute = Object.fromEntries(
      Object.entries(Object.groupBy(costs(), (route) => route)).map(([route, all]) => [route, all?.length ?? 0]),
    );
    console.info(`${costs().length} requests`, byRoute);
    expect(costs().length, JSON.stringify(byRoute, undefined, 2)).toBeLessThanOrEqual(60 + 2 * words.length);
    expect(world.errors).toEqual([]);
    world.github.assertClean();

    function costs(): readonly string[] {
      return world.github.requests
        .filter(({ route }) => !route.startsWith("GIT ") && !route.includes("access_tokens"))
        .map(({ route, body }) => (route === "POST /graphql" ? `${route} ${queryName(body)}` : route));
    }
  });
});

function queryName(body: unknown): string {
  return /(?:query|mutation)\s+(\w+)/.exec(JSON.stringify(body ?? ""))?.[1] ?? "?";
}
