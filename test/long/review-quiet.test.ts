import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();

describe("what is said on our pull request", { timeout: 240_000 }, () => {
  it("starts nothing when it comes from outsiders, approves, was dismissed or is our own", async () => {
    const { world, issue, number, answers, told, checks } = await withPullRequest(await databases.create());
    const [max, bob] = [world.as("max"), world.as("bob")];
    await bob.comments(number, "@baton Please six");
    await bob.reviews(number, { event: "REQUEST_CHANGES", body: "Please seven", comments: [line(1, "Please eight")] });
    await max.comments(number, "Please nine, thanks!");
    await max.reviews(number, { event: "APPROVE", body: "Please ten" });
    const review = await max.silently.reviews(number, { event: "REQUEST_CHANGES", body: "Please eleven" });
    await max.dismisses(review.id);
    await max.reviews(number, { body: "Please twelve", comments: [line(2, "Please thirteen")] });
    await world.asBot("rabbit[bot]").comments(number, "Please fourteen");
    await world.settled();
    await world.baton.reconcile();
    await world.settled();
    expect(await world.runs()).toHaveLength(1);
    expect(answers().flat()).toEqual([]);
    expect(told()).toEqual([]);
    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    expect(checks().every(({ conclusion }) => conclusion === "success")).toBe(true);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });

  it("by two bots that answer each other and us comes to an end, with both positions and one question", async () => {
    const { world, issue, number, answers, told, checks } = await withPullRequest(await databases.create(), {
      policy: "review: { quietSeconds: 1, botRounds: 2 }\n",
    });
    const [rabbit, fox] = [world.asBot("rabbit[bot]"), world.asBot("fox[bot]")];
    const { threads } = await rabbit.reviews(number, { event: "COMMENT", comments: [line(1, "Please four")] });
    const thread = threads[0]?.id ?? "";
    await world.settled();
    for (const [bot, words] of [
      [fox, "Please five"],
      [rabbit, "Please six"],
      [fox, "Please seven"],
    ] as const) {
      await bot.unresolves(thread).catch(() => world.as("max").unresolves(thread));
      await bot.replies(number, thread, words);
      await world.settled();
    }
    expect(await world.runs()).toHaveLength(3);
    expect(answers()).toEqual([["Fixed in <sha>.\n\nAdded four.", "Fixed in <sha>.\n\nAdded five."]]);
    expect(told()).toMatchInlineSnapshot(`
      [
        "@ann, I stopped the automatic rounds: bots alone have kept it going as often as this repository allows in \`fix.txt\`.

      **\`rabbit[bot]\`**:

      > Please six

      **I**, round 1:

      > Added four.

      Which of the two shall it be? Write it in the thread or below, and the next round follows it. \`/agent resume\` goes on as before.",
      ]
    `);
    expect(world.told(issue)[0]).toMatch(/Needs a person/);
    expect(checks()).toMatchObject([{ conclusion: "failure" }]);

    await world.as("max").replies(number, thread, "Please eight");
    await world.settled();
    expect(answers()[0]?.at(-1)).toBe("Fixed in <sha>.\n\nAdded eight.");
    expect(await world.runs()).toHaveLength(4);
    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
