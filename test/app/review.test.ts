import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();

describe("a review of our pull request", { timeout: 120_000 }, () => {
  it("becomes one round, an answer in every thread, a ledger, and a second round when a person answers", async () => {
    const { world, number, threads, told, checks, head, file } = await withPullRequest(await databases.create());
    const before = head();
    const review = await world.as("max").reviews(number, {
      event: "REQUEST_CHANGES",
      body: "",
      comments: [
        line(1, "Please four"),
        line(2, "Is this name right? Keep or change."),
        line(3, "Which limit is meant?"),
      ],
    });
    await world.asBot("rabbit[bot]").reviews(number, {
      event: "COMMENT",
      body: "<details><summary>🧹 Nitpick comments (1)</summary>\n\n<details><summary>fix.txt (1)</summary>\n\n`2-2`: **Say it in full**\n\nPlease five\n\n</details></details>",
      comments: [line(2, "Please six")],
    });
    await world.settled();

    expect((await world.runs()).map(({ outcome }) => outcome?.kind)).toEqual(["changed", "changed"]);
    expect(threads()).toMatchInlineSnapshot(`
      [
        {
          "resolvedBy": undefined,
          "said": [
            "max: Please four",
            "baton[bot]: Fixed in <sha>.

      Added four.",
          ],
        },
        {
          "resolvedBy": undefined,
          "said": [
            "max: Is this name right? Keep or change.",
            "baton[bot]: Not changed: It is public API.",
          ],
        },
        {
          "resolvedBy": undefined,
          "said": [
            "max: Which limit is meant?",
            "baton[bot]: @max Ten or twenty?

      Answer here, and the next round takes it up.",
          ],
        },
        {
          "resolvedBy": "baton[bot]",
          "said": [
            "rabbit[bot]: Please six",
            "baton[bot]: Fixed in <sha>.

      Added six.",
          ],
        },
      ]
    `);
    expect(await file()).toEqual(["one", "two", "three", "four", "six", "five"]);
    expect(head()).not.toBe(before);
    expect(checks()).toMatchObject([{ conclusion: "failure" }]);
    expect(told()).toMatchInlineSnapshot(`
      [
        "To the points without a thread:

      > '2-2': **Say it in full** (\`rabbit[bot]\`)

      Fixed in <sha>.

      Added five.",
      ]
    `);

    await world.as("max").replies(number, review.threads[2]?.id ?? "", "Please twenty");
    await world.settled();
    expect(threads()[2]?.said.at(-1)).toBe("baton[bot]: Fixed in <sha>.\n\nAdded twenty.");
    await world.as("max").resolves(review.threads[2]?.id ?? "");
    await world.settled();
    expect(checks()).toMatchObject([{ conclusion: "success" }]);
    expect(await world.runs()).toHaveLength(3);
    await world.as("max").merges(number);
    await world.settled();
    expect(world.told(1)).toEqual([expect.stringContaining("Merged")]);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
