import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { line, withPullRequest } from "../support/review-world.ts";

const databases = testDatabases();

describe("commands on our pull request", { timeout: 240_000 }, () => {
  it("under a policy of commands only, start a round over all that waits, wherever they were written", async () => {
    const policy = "review: { quietSeconds: 1, trigger: command }\n";
    const { world, issue, number, threads, answers, told, checks, file } = await withPullRequest(
      await databases.create(),
      { policy },
    );
    const [max, tim, bob] = [world.as("max"), world.as("tim"), world.as("bob")];
    const reactions = (body: string) =>
      [
        ...world.github.conversation(world.repository, number),
        ...world.github.threads(world.repository, number).flatMap(({ comments }) => comments),
      ].find((comment) => comment.body === body)?.reactions;

    await max.reviews(number, { event: "COMMENT", comments: [line(1, "Please four")] });
    const { threads: outside } = await bob.reviews(number, { event: "COMMENT", comments: [line(2, "Please five")] });
    const aside = await bob.comments(number, "Please six");
    await world.settled();
    expect(await world.runs()).toHaveLength(1);
    expect(checks()).toMatchObject([{ conclusion: "failure", summary: expect.stringContaining("Please four") }]);
    expect(checks()[0]?.summary).not.toMatch(/five|six/);

    await tim.comments(number, "/agent fix-review");
    await bob.replies(number, outside[0]?.id ?? "", "/agent include");
    await max.comments(number, "/agent include https://example.test/shop");
    await max.comments(issue, "/agent fix-review");
    await world.asBot("rabbit[bot]").comments(number, "/agent fix-review");
    await world.settled();
    expect(told().toSorted()).toEqual([
      "@bob: only people with write access can start or steer an agent here, and you have `read`. Ask a maintainer to label the issue.",
      "@max: That is not the link of a comment: copy it from the comment's own menu. Usage: `/agent include [link to a comment]`.",
      "@tim: only people with write access can start or steer an agent here, and you have `triage`. Ask a maintainer to label the issue.",
      "`rabbit[bot]`: bots cannot give commands. A person with write access can.",
    ]);
    expect(world.told(issue).at(-1)).toBe("@max: that command works on a pull request of mine only.");
    expect(await world.runs()).toHaveLength(1);

    await max.replies(number, outside[0]?.id ?? "", "/agent include");
    const link = `/agent include https://github.com/acme/shop/pull/${number}#issuecomment-${aside.id}`;
    await max.comments(number, link);
    await world.settled();
    expect(reactions("/agent include")).toMatchObject({ eyes: ["baton[bot]"] });
    expect(reactions(link)).toMatchObject({ eyes: ["baton[bot]"] });
    expect(await world.runs()).toHaveLength(1);
    expect(checks()[0]?.summary).toMatch(/five/);
    expect(checks()[0]?.summary).toMatch(/six/);

    await max.reviews(number, { event: "COMMENT", body: "/agent fix-review\nBe brief." });
    await world.settled();
    expect(await world.runs()).toHaveLength(2);
    expect(await file()).toEqual(["one", "two", "three", "four", "five", "six"]);
    expect(answers()).toEqual([["Fixed in <sha>.\n\nAdded four."], ["Fixed in <sha>.\n\nAdded five."]]);
    expect(threads().map(({ resolvedBy }) => resolvedBy)).toEqual([undefined, undefined]);
    expect(told().slice(4)).toEqual([
      "👀 `max`'s command in the review: seen.",
      "To the points without a thread:\n\n> Please six (`bob`)\n\nFixed in <sha>.\n\nAdded six.",
    ]);
    expect(checks()).toMatchObject([{ conclusion: "success" }]);

    await max.comments(number, "/agent fix-review");
    await world.settled();
    await max.replies(number, outside[0]?.id ?? "", "/agent resume");
    await world.settled();
    expect(told().slice(6)).toEqual([
      "@max: every review point has its answer; nothing is waiting. Write what is missing as a review comment.",
      "@max: automatic rounds are not paused here.",
    ]);
    expect(reactions("/agent resume")).toMatchObject({ eyes: ["baton[bot]"] });
    expect(await world.runs()).toHaveLength(2);

    await max.merges(number);
    await world.settled();
    await max.comments(number, "/agent fix-review");
    await max.comments(issue, "/agent pause");
    await world.settled();
    const none = "@max: there is no open pull request of mine for this issue. `/agent run` on the issue starts one.";
    expect(told().at(-1)).toBe(none);
    expect(world.told(issue).at(-1)).toBe(none);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });

  it("pause, resume and stop rounds; what was written meanwhile is not lost; people's commits are taken in", async () => {
    const { world, issue, number, answers, told, checks, head, file } = await withPullRequest(await databases.create());
    const max = world.as("max");
    const { threads } = await max.reviews(number, { event: "COMMENT", comments: [line(1, "Wait. Please four")] });
    const first = threads[0]?.id ?? "";
    await world.statusIs(issue, /The agent is working/);
    expect(checks()).toMatchObject([{ conclusion: null }]);
    await max.comments(number, "/agent fix-review");
    await max.reviews(number, { event: "COMMENT", comments: [line(2, "Please five")] });
    await max.pushes("agent/issue-1", { "theirs.txt": "kept\n" });
    await world.answered();
    world.release(issue);
    await world.settled();
    expect(told()).toEqual([
      "@max: a run is already under way here; the status comment tells how far it is. `/agent stop` ends it.",
    ]);
    expect(await world.runs()).toHaveLength(3);
    expect(answers()).toEqual([["Fixed in <sha>.\n\nAdded four."], ["Fixed in <sha>.\n\nAdded five."]]);
    expect(await file()).toEqual(["one", "two", "three", "four", "five"]);
    expect(await world.fileAt("agent/issue-1", "theirs.txt")).toBe("kept\n");

    await max.replies(number, first, "/agent pause");
    await world.settled();
    await max.replies(number, first, "Wait. Please six");
    await world.settled();
    expect(await world.runs()).toHaveLength(3);
    expect(checks()).toMatchObject([{ conclusion: "failure", summary: expect.stringContaining("paused by `max`") }]);
    await max.reviews(number, { event: "COMMENT", body: "/agent resume" });
    await world.statusIs(issue, /The agent is working/);

    const before = head();
    await max.replies(number, first, "/agent stop");
    await world.settled();
    expect((await world.runs()).map(({ state }) => state)).toEqual([
      "succeeded",
      "succeeded",
      "succeeded",
      "cancelled",
    ]);
    expect(head()).toBe(before);
    expect(answers()[0]).toHaveLength(1);
    expect(world.told(issue)[0]).toMatch(/Stopped/);
    await max.comments(number, "/agent stop");
    await world.settled();
    expect(told().slice(1)).toEqual(["👀 `max`'s command in the review: seen.", "@max: nothing is running here."]);
    await world.asBot("rabbit[bot]").reviews(number, { event: "COMMENT", comments: [line(3, "Please nine")] });
    await world.settled();
    expect(await world.runs()).toHaveLength(4);

    await max.replies(number, first, "Please seven instead");
    await world.settled();
    expect(answers()).toEqual([
      ["Fixed in <sha>.\n\nAdded four.", "Fixed in <sha>.\n\nAdded seven."],
      ["Fixed in <sha>.\n\nAdded five."],
      ["Fixed in <sha>.\n\nAdded nine."],
    ]);
    expect(checks()).toMatchObject([{ conclusion: "success" }]);
    expect(world.told(issue)[0]).toMatch(/Ready for review/);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
