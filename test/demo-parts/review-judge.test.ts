import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cast } from "../support/demo/cast.ts";
import { judgeReview, type ReviewFacts } from "../support/demo/review/judge.ts";
import type { Comment, Moment, Thread } from "../support/demo/review/moment.ts";
import type { ReviewPlot } from "../support/demo/review/plot.ts";
import { loadScenario } from "../support/scenario.ts";

const { baton, reviewer, reviewBot, requester } = cast;
const shas = ["1".repeat(40), "2".repeat(40), "3".repeat(40)] as const;

let plot: ReviewPlot;

beforeAll(async () => {
  const { review } = await loadScenario(resolve(import.meta.dirname, "../fixtures/sample"));
  if (!review) throw new Error("the sample has no review.yml");
  plot = review;
});

/** What can be changed in a world that is right. */
type Draft = {
  -readonly [Name in keyof ReviewFacts]: ReviewFacts[Name] extends Moment ? DraftMoment : ReviewFacts[Name];
};
type DraftMoment = {
  -readonly [Name in keyof Moment]: Moment[Name] extends readonly (infer One)[] ? One[] : Moment[Name];
};

/** What the judge says of a right world that was changed a little. */
function verdict(change: (facts: Draft) => void): readonly string[] {
  // Moments have objects in common, which a change must not.
  const facts: Draft = JSON.parse(JSON.stringify(rightWorld()));
  change(facts);
  return judgeReview(plot, facts);
}

let marks = 0;
const ours = (text: string): Comment => ({ author: baton, body: `${text}\n\n<!-- baton:1:${++marks} -->` });

function rightWorld(): ReviewFacts {
  const status = (text: string): Comment => ({ author: baton, body: `### ${text}\n\n<!-- baton:1:status -->` });
  const said = {
    fixed: ours(`Fixed in ${shas[1]}.`),
    declined: ours("Not changed: I tried it, and a spec went red."),
    question: ours(`@${reviewer} Which time zone is that?`),
  };
  const thread = (by: string, is: ReviewPlot["person"][number], id: string): Thread => ({
    id,
    path: is.on.path,
    outdated: false,
    resolvedBy: by === reviewBot ? baton : undefined,
    comments: [{ author: by, body: is.says }, is.answer === "fixed" ? ours(`Fixed in ${shas[1]}.`) : said[is.answer]],
  });
  const asked: Thread[] = [
    ...plot.person.map((is, index) => thread(reviewer, is, `person-${index}`)),
    ...plot.bot.threads.map((is, index) => thread(reviewBot, is, `bot-${index}`)),
  ];
  const replied = asked.map((one) =>
    one.comments.includes(said.question)
      ? { ...one, comments: [...one.comments, { author: reviewer, body: "The Azores" }, ours(`Fixed in ${shas[2]}.`)] }
      : one,
  );
  const resolved = replied.map((one) => ({ ...one, resolvedBy: one.resolvedBy ?? reviewer }));
  const commits = shas.map((sha, index) => ({ sha, parents: [shas[index - 1] ?? "0"], author: baton, subject: "x" }));
  const checks = shas.flatMap((headSha, index) => [
    { name: "baton", headSha, conclusion: "success" },
    { name: "baton/review", headSha, conclusion: index === 1 ? "failure" : "success" },
  ]);
  const answers = ours(plot.bot.findings.map(() => `> said\n\nFixed in ${shas[1]}.`).join("\n\n"));
  const moment = (round: 0 | 1 | 2, more: Partial<Moment> = {}): Moment => ({
    pullRequest: {
      number: 2,
      state: "open",
      merged: false,
      headSha: shas[round],
      requestedReviewers: [requester, reviewer],
    },
    commits: commits.slice(0, round + 1),
    reviews: [],
    threads: [],
    conversation: round === 0 ? [] : [answers],
    issue: { state: "open", comments: [status("✅ Ready for review")] },
    checks: checks.slice(0, 2 * round + 2),
    ...more,
  });
  const merged = moment(2, {
    threads: resolved,
    issue: { state: "closed", comments: [status("🎉 Merged")] },
    reviews: [
      { author: reviewer, state: "CHANGES_REQUESTED", body: "" },
      { author: reviewBot, state: "COMMENTED", body: plot.bot.body },
      { author: baton, state: "COMMENTED", body: "" },
      { author: reviewer, state: "APPROVED", body: "" },
    ],
  });
  const points = [...plot.person, ...plot.bot.threads, ...plot.bot.findings];
  const files: Record<string, string> = {};
  for (const { leaves } of points)
    for (const [path, text] of Object.entries(leaves)) files[path] = `${files[path] ?? ""}${text}\n`;
  return {
    opened: moment(0),
    questioned: moment(1, { threads: asked }),
    answered: moment(2, { threads: replied }),
    merged: { ...merged, pullRequest: { ...merged.pullRequest, merged: true, state: "closed" } },
    threads: {
      person: plot.person.map((_, index) => `person-${index}`),
      bot: plot.bot.threads.map((_, index) => `bot-${index}`),
    },
    files,
    complaints: [],
  };
}

/** A thread with other comments. */
function recommented(threads: readonly Thread[], id: string, change: (comments: Comment[]) => void): void {
  const thread = threads.find((one) => one.id === id);
  if (!thread) throw new Error(`no thread ${id}`);
  change(thread.comments as Comment[]);
}

function setCheck(moment: DraftMoment, name: string, conclusion: string): void {
  moment.checks = moment.checks.map((check) =>
    check.name === name && check.headSha === moment.pullRequest.headSha ? { ...check, conclusion } : check,
  );
}

describe("the judge of the review story", () => {
  it("has nothing to say about a world that is right", () => {
    expect(verdict(() => {})).toEqual([]);
  });

  it.each<readonly [string, (facts: Draft) => void, string]>([
    [
      "a thread answered twice",
      ({ questioned }) => recommented(questioned.threads, "person-0", (all) => all.push(ours("Fixed again."))),
      "after the first round, in the thread on src/days.ts: it is not so that it has what was raised, and one answer",
    ],
    [
      "a thread without an answer",
      ({ questioned }) => recommented(questioned.threads, "bot-0", (all) => all.pop()),
      "after the first round, in the thread on CHANGELOG.md: it is not so that it has what was raised",
    ],
    [
      "a fix that names another commit",
      ({ questioned }) =>
        recommented(questioned.threads, "person-0", (all) => all.splice(1, 1, ours(`Fixed in ${shas[0]}.`))),
      "in the thread on src/days.ts: it is not so that the answer is: fixed",
    ],
    [
      "a decline without a reason",
      ({ questioned }) => recommented(questioned.threads, "person-1", (all) => all.splice(1, 1, ours("Not changed:"))),
      "in the thread on src/invoice.ts: it is not so that the answer is: declined",
    ],
    [
      "a question that mentions nobody",
      ({ questioned }) => recommented(questioned.threads, "person-2", (all) => all.splice(1, 1, ours("Which zone?"))),
      "it is not so that the answer is: question",
    ],
    [
      "two commits for one round",
      ({ questioned }) => questioned.commits.push({ sha: "4", parents: [shas[1]], author: baton, subject: "x" }),
      "after the first round: it is not so that one commit was added on top",
    ],
    [
      "a branch that was rewritten",
      ({ answered }) =>
        answered.commits.splice(2, 1, { sha: shas[2], parents: [shas[0]], author: baton, subject: "x" }),
      "after the second round: it is not so that one commit was added on top",
    ],
    [
      "a hidden nitpick that nobody answered",
      ({ questioned }) => questioned.conversation.splice(0, 1, ours(`Fixed in ${shas[1]}.`)),
      "the findings in the bot's body have their answers",
    ],
    [
      "a green ledger over a question",
      ({ questioned }) => setCheck(questioned, "baton/review", "success"),
      "is a failure",
    ],
    ["a ledger that never came", ({ opened }) => opened.checks.pop(), "when the pull request is open: it is not so"],
    [
      "a red head",
      ({ merged }) => setCheck(merged, "baton", "failure"),
      "in the end: it is not so that the check baton is",
    ],
    [
      "a check that runs for ever",
      ({ merged }) => merged.checks.splice(1, 1, { name: "baton/review", headSha: shas[0], conclusion: "in_progress" }),
      "no check is left unfinished",
    ],
    [
      "a bot's thread left open",
      ({ questioned }) =>
        questioned.threads.splice(3, 1, { ...questioned.threads[3], resolvedBy: undefined } as Thread),
      "Baton resolved the bot's threads",
    ],
    [
      "a person's thread that Baton closed",
      ({ questioned }) => questioned.threads.splice(0, 1, { ...questioned.threads[0], resolvedBy: baton } as Thread),
      "the person's threads are open",
    ],
    [
      "words in a settled thread",
      ({ answered }) => recommented(answered.threads, "person-1", (all) => all.push(ours("Still not."))),
      "nothing was said or resolved in the other threads",
    ],
    [
      "a third round after the approval",
      ({ merged }) => merged.commits.push({ sha: "4", parents: [shas[2]], author: baton, subject: "x" }),
      "no commit came after the second round",
    ],
    [
      "the same answer posted again",
      ({ merged }) => merged.conversation.push(...merged.conversation),
      "nothing that Baton wrote is there twice",
    ],
    [
      "a second status comment",
      ({ merged }) => (merged.issue.comments as Comment[]).push(ours("### again")),
      "there is one status comment",
    ],
    [
      "an approval of its own work",
      ({ merged }) => merged.reviews.push({ author: baton, state: "APPROVED", body: "" }),
      "Baton neither approved",
    ],
    [
      "a pull request that is not merged",
      ({ merged }) => Object.assign(merged.pullRequest, { merged: false }),
      "the pull request is merged",
    ],
    [
      "a reviewer nobody asked again",
      ({ questioned }) => Object.assign(questioned.pullRequest, { requestedReviewers: [] }),
      "asked to look again",
    ],
    [
      "an edit that was claimed and not made",
      ({ files }) => Object.assign(files, { "src/days.ts": "function midnight(" }),
      "in the end src/days.ts does not have: function utcMidnight",
    ],
    [
      "a requester who was not asked",
      ({ opened }) => Object.assign(opened.pullRequest, { requestedReviewers: [] }),
      "the requester is asked to review",
    ],
    [
      "an answer to the question that names an old commit",
      ({ answered }) =>
        recommented(answered.threads, "person-2", (all) => all.splice(3, 1, ours(`Fixed in ${shas[1]}.`))),
      "the question has the person's answer and then ours, once",
    ],
    [
      "two answers to one answer",
      ({ answered }) => recommented(answered.threads, "person-2", (all) => all.push(ours(`Fixed in ${shas[2]}.`))),
      "the question has the person's answer and then ours, once",
    ],
    [
      "new words about settled nitpicks",
      ({ answered }) => answered.conversation.push(ours("Again.")),
      "nothing new was said in the conversation",
    ],
    [
      "a red ledger after everything was answered",
      ({ answered }) => setCheck(answered, "baton/review", "failure"),
      "after the second round: it is not so that the check baton/review is a success",
    ],
    ["an issue left open", ({ merged }) => Object.assign(merged.issue, { state: "open" }), "the issue is closed"],
    [
      "a commit of somebody else",
      ({ merged }) => merged.commits.splice(1, 1, { sha: shas[1], parents: [shas[0]], author: "root", subject: "x" }),
      "all commits are the app's",
    ],
    [
      "a person's thread that nobody resolved",
      ({ merged }) => merged.threads.splice(0, 1, { ...merged.threads[0], resolvedBy: undefined } as Thread),
      "the person's threads were resolved by the person",
    ],
    [
      "a bot's thread that was opened again",
      ({ merged }) => merged.threads.splice(3, 1, { ...merged.threads[3], resolvedBy: undefined } as Thread),
      "the bot's threads were resolved by Baton",
    ],
    [
      "an answer to the approval",
      ({ merged }) => merged.conversation.push(ours("Thank you!")),
      "nothing was said after the second round",
    ],
    ["a missing approval", ({ merged }) => merged.reviews.pop(), "the person asked for changes and then approved"],
    [
      "a bot that was made to talk",
      ({ merged }) => merged.reviews.push({ author: reviewBot, state: "COMMENTED", body: "!" }),
      "the bot's words are in one review",
    ],
    [
      "a check that is there twice",
      ({ merged }) => merged.checks.push(...merged.checks.slice(0, 1)),
      "no head has a check twice",
    ],
    [
      "a status comment that does not know of the merge",
      ({ merged }) => (merged.issue.comments as Comment[]).splice(0, 1, ours("### ✅ Ready for review")),
      "the status comment says that it is merged",
    ],
    [
      "a request that GitHub does not know",
      (facts) => {
        facts.complaints = ["no such route"];
      },
      "no such route",
    ],
  ])("sees %s", (_, change, sentence) => {
    expect(verdict(change).join("\n")).toContain(sentence);
  });

  it.each([
    ["opened", "when the pull request is open"],
    ["questioned", "after the first round"],
    ["answered", "after the second round"],
    ["merged", "in the end"],
  ] as const)("looks at every moment: %s", (name, when) => {
    const sees = (claim: string) => expect.arrayContaining([`${when}: it is not so that ${claim}`]);
    const red = verdict((facts) => {
      setCheck(facts[name], "baton", "failure");
      setCheck(facts[name], "baton/review", "in_progress");
    });
    expect(red).toEqual(sees("the check baton is a success"));
    expect(red.filter((line) => line.startsWith(`${when}: it is not so that the check baton/review`))).toHaveLength(1);
    expect(verdict((facts) => (facts[name].issue.comments as Comment[]).push(ours("### again")))).toEqual(
      sees("there is one status comment"),
    );
  });

  it("wants one commit before anybody speaks", () => {
    const change = ({ opened }: Draft) =>
      opened.commits.unshift({ sha: "0", parents: [], author: baton, subject: "x" });
    expect(verdict(change)).toContain("when the pull request is open: it is not so that it has one commit");
  });
});
