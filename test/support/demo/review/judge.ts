import { cast } from "../cast.ts";
import { type Comment, checkAtHead, type Moment, type Thread } from "./moment.ts";
import type { PlotThread, ReviewPlot } from "./plot.ts";

/** All that the story of a review left behind. */
export interface ReviewFacts {
  /** The pull request is open; nobody has reviewed it. */
  readonly opened: Moment;
  /** After the first round: one point is a question. */
  readonly questioned: Moment;
  /** After the second, which came of the person's answer. */
  readonly answered: Moment;
  /** After approval, merge and all that Baton made of them. */
  readonly merged: Moment;
  /** Ids of the threads, in the order of the plot. */
  readonly threads: { readonly person: readonly string[]; readonly bot: readonly string[] };
  /** Text of each file that the plot speaks of, at the last head. */
  readonly files: Readonly<Record<string, string | undefined>>;
  /** What the stand-in for GitHub has to complain about. */
  readonly complaints: readonly string[];
}

/**
 * Holds the world against the plot: what is wrong, in sentences, and nothing when all is right. It knows facts of GitHub
 * only and asks neither Baton nor its database.
 */
export function judgeReview(plot: ReviewPlot, facts: ReviewFacts): readonly string[] {
  return [
    ...judgeOpened(facts),
    ...judgeFirstRound(plot, facts),
    ...judgeSecondRound(plot, facts),
    ...judgeEnd(plot, facts),
    ...judgeFiles(plot, facts),
    ...facts.complaints.map((complaint) => `the stand-in complains: ${complaint}`),
  ];
}

/** A sentence for everything that does not hold. */
type Claims = Readonly<Record<string, boolean>>;

function failing(when: string, claims: Claims): string[] {
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [] : [`${when}: it is not so that ${claim}`]));
}

function judgeOpened({ opened }: ReviewFacts): string[] {
  return failing("when the pull request is open", {
    "it has one commit": opened.commits.length === 1,
    "the check baton is a success": checkAtHead(opened, "baton") === "success",
    "the check baton/review is a success": checkAtHead(opened, "baton/review") === "success",
    "the requester is asked to review": opened.pullRequest.requestedReviewers.includes(cast.requester),
    "there is one status comment": isOneStatus(opened),
  });
}

function judgeFirstRound(plot: ReviewPlot, facts: ReviewFacts): string[] {
  const { opened, questioned } = facts;
  const sha = questioned.pullRequest.headSha;
  const when = "after the first round";
  const threads = [
    ...plot.person.flatMap((thread, index) =>
      judgeThread(when, {
        plot: thread,
        by: cast.reviewer,
        sha,
        is: threadOf(questioned, facts.threads.person[index]),
      }),
    ),
    ...plot.bot.threads.flatMap((thread, index) =>
      judgeThread(when, { plot: thread, by: cast.reviewBot, sha, is: threadOf(questioned, facts.threads.bot[index]) }),
    ),
  ];
  const isResolvedBy = (who: string | undefined) => (id: string) => threadOf(questioned, id)?.resolvedBy === who;
  const elsewhere = questioned.conversation.filter(isOurs);
  const fixes = plot.bot.findings.filter(({ answer }) => answer === "fixed").length;
  return [
    ...threads,
    ...failing(when, {
      "one commit was added on top": isOneOnTop(questioned, opened),
      "Baton resolved the bot's threads": facts.threads.bot.every(isResolvedBy(cast.baton)),
      "the person's threads are open": facts.threads.person.every(isResolvedBy(undefined)),
      "the findings in the bot's body have their answers in one comment":
        elsewhere.length === 1 && count(elsewhere[0]?.body ?? "", `Fixed in ${sha}.`) === fixes,
      "the check baton is a success": checkAtHead(questioned, "baton") === "success",
      "the check baton/review is a failure, for there is a question":
        checkAtHead(questioned, "baton/review") === "failure",
      "the reviewer is asked to look again": questioned.pullRequest.requestedReviewers.includes(cast.reviewer),
      "there is one status comment": isOneStatus(questioned),
    }),
  ];
}

function judgeSecondRound(plot: ReviewPlot, { questioned, answered, threads }: ReviewFacts): string[] {
  const asked = threads.person[plot.person.findIndex(({ answer }) => answer === "question")];
  const [, , reply, answer, ...more] = threadOf(answered, asked)?.comments ?? [];
  const others = (moment: Moment) => moment.threads.filter(({ id }) => id !== asked).map(withoutOutdated);
  return failing("after the second round", {
    "one commit was added on top": isOneOnTop(answered, questioned),
    "the question has the person's answer and then ours, once":
      reply?.author === cast.reviewer && isFix(answer, answered.pullRequest.headSha) && more.length === 0,
    "nothing was said or resolved in the other threads": isSame(others(answered), others(questioned)),
    "nothing new was said in the conversation": isSame(answered.conversation, questioned.conversation),
    "the check baton is a success": checkAtHead(answered, "baton") === "success",
    "the check baton/review is a success": checkAtHead(answered, "baton/review") === "success",
    "there is one status comment": isOneStatus(answered),
  });
}

function judgeEnd(plot: ReviewPlot, { answered, merged, threads }: ReviewFacts): string[] {
  const resolvers = (ids: readonly string[]) => new Set(ids.map((id) => threadOf(merged, id)?.resolvedBy));
  const bodies = [
    ...merged.threads.flatMap(({ comments }) => comments),
    ...merged.conversation,
    ...merged.issue.comments,
  ]
    .filter(isOurs)
    .map(({ body }) => /<!-- baton:.*? -->/.exec(body)?.[0]);
  const reviewsOf = (who: string) => merged.reviews.filter(({ author }) => author === who);
  const states = (who: string) => reviewsOf(who).flatMap(({ state }) => (state === "COMMENTED" ? [] : [state]));
  const said = (moment: Moment) => moment.threads.map(({ comments }) => comments);
  return failing("in the end", {
    "the pull request is merged": merged.pullRequest.merged && merged.pullRequest.state === "closed",
    "the issue is closed": merged.issue.state === "closed",
    "no commit came after the second round": isSame(merged.commits, answered.commits),
    "all commits are the app's": merged.commits.every(({ author }) => author === cast.baton),
    "the person's threads were resolved by the person": isSame([...resolvers(threads.person)], [cast.reviewer]),
    "the bot's threads were resolved by Baton": isSame([...resolvers(threads.bot)], [cast.baton]),
    "nothing was said after the second round":
      isSame(said(merged), said(answered)) && isSame(merged.conversation, answered.conversation),
    "nothing that Baton wrote is there twice": bodies.every((mark) => mark !== undefined) && isUnique(bodies),
    "the person asked for changes and then approved": isSame(states(cast.reviewer), ["CHANGES_REQUESTED", "APPROVED"]),
    "the bot's words are in one review": isSame(
      reviewsOf(cast.reviewBot).map(({ body }) => body.trim()),
      [plot.bot.body.trim()],
    ),
    "Baton neither approved nor asked for changes": states(cast.baton).length === 0,
    "the check baton is a success": checkAtHead(merged, "baton") === "success",
    "the check baton/review is a success": checkAtHead(merged, "baton/review") === "success",
    "no check is left unfinished on any head": merged.checks.every(({ conclusion }) =>
      /^(success|failure)$/.test(conclusion),
    ),
    "no head has a check twice": isUnique(merged.checks.map(({ name, headSha }) => `${name} ${headSha}`)),
    "there is one status comment": isOneStatus(merged),
    "the status comment says that it is merged": /^### 🎉 Merged/.test(statusOf(merged)),
  });
}

function judgeFiles(plot: ReviewPlot, { files }: ReviewFacts): string[] {
  const expected = [...plot.person, ...plot.bot.threads, ...plot.bot.findings].flatMap(({ leaves }) =>
    Object.entries(leaves),
  );
  return expected.flatMap(([path, text]) =>
    files[path]?.includes(text) ? [] : [`in the end ${path} does not have: ${text}`],
  );
}

interface Judged {
  readonly plot: Pick<PlotThread, "answer" | "on">;
  readonly by: string;
  readonly sha: string;
  readonly is: Thread | undefined;
}

/** What was raised, and one answer of the kind that the plot expects. */
function judgeThread(when: string, { plot, by, sha, is }: Judged): string[] {
  const [raised, answer, ...more] = is?.comments ?? [];
  return failing(`${when}, in the thread on ${plot.on.path}`, {
    "it has what was raised, and one answer of ours":
      raised?.author === by && answer !== undefined && isOurs(answer) && more.length === 0,
    [`the answer is: ${plot.answer}`]: answer !== undefined && isAnswer(plot.answer, answer, { by, sha }),
  });
}

function isAnswer(kind: PlotThread["answer"], answer: Comment, { by, sha }: { by: string; sha: string }): boolean {
  if (kind === "fixed") return isFix(answer, sha);
  const text = answer.body.replaceAll(/<!--.*?-->/gs, "").trim();
  return kind === "declined" ? /^Not changed: .{20}/.test(text) : text.startsWith(`@${by} `) && text.includes("?");
}

function isFix(answer: Comment | undefined, sha: string): boolean {
  return answer?.author === cast.baton && answer.body.startsWith(`Fixed in ${sha}.`);
}

function threadOf({ threads }: Moment, id: string | undefined): Thread | undefined {
  return threads.find((thread) => thread.id === id);
}

/** A new commit may well change the lines others stand on. */
function withoutOutdated({ outdated: _, ...thread }: Thread): Omit<Thread, "outdated"> {
  return thread;
}

function isOneOnTop(now: Moment, before: Moment): boolean {
  const added = now.commits.slice(before.commits.length);
  return added.length === 1 && isSame(added[0]?.parents, [before.pullRequest.headSha]);
}

/** All that Baton ever writes on the issue here. */
function isOneStatus(moment: Moment): boolean {
  return moment.issue.comments.filter(isOurs).length === 1 && statusOf(moment).startsWith("### ");
}

function statusOf({ issue }: Moment): string {
  return issue.comments.find(isOurs)?.body ?? "";
}

function isOurs({ author }: Comment): boolean {
  return author === cast.baton;
}

function isUnique(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
