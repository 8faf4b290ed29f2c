import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { reviewingAgent } from "../support/reviewing-agent.ts";
import { buildWorld, type World, type WorldOptions } from "../support/world.ts";

const databases = testDatabases();

/** A world in which Baton has opened its pull request, and how everybody in it speaks about it. */
async function withPullRequest(options: Partial<WorldOptions> = {}) {
  const world = await buildWorld({
    database: await databases.create(),
    agent: reviewingAgent,
    policy: "review: { quietSeconds: 1 }\n",
    ...options,
  });
  const issue = await world.issue();
  await world.as("ann").labels(issue, "agent");
  await world.settled();
  const [pull] = world.github.pullRequests(world.repository);
  if (!pull) throw new Error("no pull request");
  world.told(issue);
  const threads = () =>
    world.github.threads(world.repository, pull.number).map(({ comments, resolvedBy }) => ({
      said: comments.map(({ author, body }) => `${author}: ${withoutMarks(body)}`),
      resolvedBy,
    }));
  const check = () => {
    const { headSha } = world.github.pullRequests(world.repository)[0] ?? { headSha: "" };
    return world.github.checks(world.repository, headSha).find(({ name }) => name === "baton/review");
  };
  return { world, issue, number: pull.number, threads, check };
}

function withoutMarks(body: string): string {
  return body.replaceAll(/\s*<!--.*?-->/gs, "").replaceAll(/[0-9a-f]{40}/g, "<sha>");
}

const line = (n: number, body: string) => ({ path: "fix.txt", line: n, body });
const headOf = (world: World) => world.github.pullRequests(world.repository)[0]?.headSha;

describe("a review of our pull request", { timeout: 120_000 }, () => {
  it("becomes one round, an answer in every thread, a ledger, and a second round when a person answers", async () => {
    const { world, number, threads, check } = await withPullRequest();
    const before = headOf(world);
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
    expect((await world.fileAt(`agent/issue-1`, "fix.txt")).split("\n")).toEqual([
      "one",
      "two",
      "three",
      "four",
      "six",
      "five",
      "",
    ]);
    expect(headOf(world)).not.toBe(before);
    expect(check()).toMatchObject({ conclusion: "failure" });
    expect(world.told(number)).toMatchInlineSnapshot(`
      [
        "To the points without a thread:

      > '2-2': **Say it in full** (\`rabbit[bot]\`)

      Fixed in a5bbea26421cf6e2452178949aef22c9cc7f47f1.

      Added five.",
      ]
    `);

    await world.as("max").replies(number, review.threads[2]?.id ?? "", "Please twenty");
    await world.settled();
    expect(threads()[2]?.said.at(-1)).toBe("baton[bot]: Fixed in <sha>.\n\nAdded twenty.");
    await world.as("max").resolves(review.threads[2]?.id ?? "");
    await world.settled();
    expect(check()).toMatchObject({ conclusion: "success" });
    expect(await world.runs()).toHaveLength(3);
    await world.as("max").merges(number);
    await world.settled();
    expect(world.told(1)).toEqual([expect.stringContaining("Merged")]);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
