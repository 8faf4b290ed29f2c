import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();

describe("webhooks about a review", { timeout: 240_000 }, () => {
  it("that never came are made up for: a review, an answer in a thread, a resolution, a thread opened again", async () => {
    const { world, issue, number, threads, answers, checks, file } = await withPullRequest(await databases.create());
    const max = world.as("max");
    const review = await max.silently.reviews(number, {
      event: "COMMENT",
      comments: [line(1, "Please four"), line(2, "Which limit is meant?")],
    });
    const [first, second] = review.threads.map(({ id }) => id);
    const reconciled = async () => {
      const report = await world.baton.reconcile();
      await world.settled();
      expect(report).toMatchObject({ troubled: 0 });
    };
    await world.settled();
    expect(await world.runs()).toHaveLength(1);
    await reconciled();
    expect(answers()).toEqual([
      ["Fixed in <sha>.\n\nAdded four."],
      ["@max Ten or twenty?\n\nAnswer here, and the next round takes it up."],
    ]);
    expect(checks()).toMatchObject([{ conclusion: "failure" }]);

    await max.silently.replies(number, second ?? "", "Please twenty");
    await reconciled();
    expect(answers()[1]?.[1]).toBe("Fixed in <sha>.\n\nAdded twenty.");
    expect(checks()).toMatchObject([{ conclusion: "success" }]);

    await max.silently.resolves(first ?? "");
    await reconciled();
    await max.silently.unresolves(first ?? "");
    await reconciled();
    expect(answers()[0]).toEqual(["Fixed in <sha>.\n\nAdded four.", "Fixed in <sha>.\n\nAdded four."]);
    expect(threads().map(({ resolvedBy }) => resolvedBy)).toEqual([undefined, undefined]);
    expect(await file()).toEqual(["one", "two", "three", "four", "twenty", "four"]);

    const runs = (await world.runs()).length;
    await reconciled();
    expect(await world.runs()).toHaveLength(runs);
    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });

  it("that come twice, late, or in another order make one round", async () => {
    const { world, issue, number, answers, file } = await withPullRequest(await databases.create());
    const { faults } = world.github;
    const max = world.as("max");
    faults.duplicate({ event: "pull_request_review", action: "submitted" });
    const late = faults.delay({ event: "pull_request_review_comment", action: "created" });
    await max.reviews(number, { event: "COMMENT", comments: [line(1, "Please four"), line(2, "Please five")] });
    await late.arrived;
    await world.settled();
    expect(await world.runs()).toHaveLength(2);
    late.release();
    await world.settled();
    for (const { guid, event } of world.github.deliveries.filter((each) =>
      each.event.startsWith("pull_request_review"),
    ))
      await world.github.redeliver(guid).catch((cause: unknown) => expect.fail(`${event}: ${String(cause)}`));
    await world.settled();
    await world.baton.reconcile();
    await world.settled();
    expect(await world.runs()).toHaveLength(2);
    expect(answers()).toEqual([["Fixed in <sha>.\n\nAdded four."], ["Fixed in <sha>.\n\nAdded five."]]);
    expect(await file()).toEqual(["one", "two", "three", "four", "five"]);
    expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
