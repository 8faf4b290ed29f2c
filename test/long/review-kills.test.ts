import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();
const repo = "/repos/{owner}/{repo}";

/** Requests of a round's publication, after each of which the whole of Baton is killed. */
const killPoints = [
  { route: "GIT receive-pack", name: "the push" },
  { route: `POST ${repo}/pulls/{pull_number}/comments/{comment_id}/replies`, name: "the first answer" },
  { route: "POST /graphql", name: "a resolution", only: /resolveReviewThread/ },
  { route: `POST ${repo}/issues/{issue_number}/comments`, name: "the answers without a thread" },
  { route: `POST ${repo}/check-runs`, name: "the ledger", only: /baton\/review/ },
] as const;

describe("kill -9 while a review is answered", () => {
  it("leaves one answer in every thread, one comment for the rest and one check, wherever it strikes", {
    timeout: 600_000,
  }, async () => {
    const database = await databases.create();
    const baton = "process" as const;
    const { world, issue, number, threads, answers, told, checks, file } = await withPullRequest(database, { baton });
    const added: string[] = [];
    for (const [at, point] of killPoints.entries()) {
      const [thread, other, body] = [`t${at}`, `u${at}`, `v${at}`];
      const dead = killedAfter(point);
      await world.asBot("rabbit[bot]").reviews(number, {
        event: "COMMENT",
        comments: [line(1, `Please ${thread}`), line(2, `Please ${other}`)],
      });
      await world.as("max").comments(number, `@baton Please ${body}`);
      await dead;
      await world.start();
      await world.settled();
      added.push(thread, other, body);
      expect(answers().slice(-2), point.name).toEqual([
        [`Fixed in <sha>.\n\nAdded ${thread}.`],
        [`Fixed in <sha>.\n\nAdded ${other}.`],
      ]);
      expect(told(), point.name).toHaveLength(at + 1);
      expect(told().at(-1), point.name).toContain(`Added ${body}.`);
      expect(checks(), point.name).toMatchObject([{ conclusion: "success" }]);
      expect((await file()).slice(3).toSorted(), point.name).toEqual(added.toSorted());
    }
    expect(answers().every((said) => said.length === 1)).toBe(true);
    expect(threads().every(({ resolvedBy }) => resolvedBy === "baton[bot]")).toBe(true);
    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    world.github.assertClean();

    function killedAfter({ route, ...more }: (typeof killPoints)[number]): Promise<void> {
      const words = "only" in more ? more.only : /(?:)/;
      return new Promise((resolve) => {
        const only = ({ body }: { readonly body: unknown }) => words.test(JSON.stringify(body ?? ""));
        world.github.faults.run({ route, when: "after", only }, async () => {
          await world.kill();
          resolve();
        });
      });
    }
  });
});
