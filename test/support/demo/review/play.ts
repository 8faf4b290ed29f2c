import { cast } from "../cast.ts";
import { askFreshClone, endOf, type Played, type Playing, playToPullRequest, watchFor } from "../play.ts";
import { judgeReview, type ReviewFacts } from "./judge.ts";
import { checkAtHead, fileAt, lookAt, type Moment, type Place, takeMoment } from "./moment.ts";
import type { ReviewPlot } from "./plot.ts";
import { type Begun, reviewAsPlotted } from "./reviewers.ts";

/**
 * The pull request is reviewed by a person and a bot; Baton answers everything in one round. The person answers its
 * question, which makes a second round, resolves her threads, approves and merges. The judge has the last word.
 */
export async function playReview(playing: Playing, plot: ReviewPlot): Promise<Played> {
  const { stage } = playing;
  const opened = await playToPullRequest(playing);
  const { pullRequest, issue, outcome } = opened;
  if (pullRequest === undefined) return { ...opened, problem: `no pull request was opened: ${outcome}` };
  const baseSha = (await stage.github.branches(stage.repository)).main ?? "";
  try {
    const facts = await tellReview({ ...playing, plot, place: { issue, pullRequest, baseSha } });
    const wrong = judgeReview(plot, facts);
    const problem = wrong.length === 0 ? undefined : wrong.map((sentence) => `\n  - ${sentence}`).join("");
    return { ...opened, outcome: endOf(stage, issue) ?? "", problem, story: { name: "review", wrong, ...facts } };
  } catch (error) {
    if (error instanceof Trouble) return { ...opened, outcome: error.message, problem: error.message };
    throw error;
  }
}

interface Telling extends Playing {
  readonly plot: ReviewPlot;
  readonly place: Place;
}

/** The story came to another end. */
class Trouble extends Error {
  readonly code = "STORY_ENDED";
}

async function tellReview(telling: Telling): Promise<ReviewFacts> {
  const { stage, narrator, plot, place } = telling;
  const opened = await atRest(telling, () => true);

  const threads = await reviewAsPlotted(stage, plot, place.pullRequest);
  const points = plot.person.length + plot.bot.threads.length;
  const questioned = await atRest(telling, (now) => ours(now) === points && now.conversation.length > 0);

  await answerQuestion(telling, threads);
  const answered = await atRest(telling, (now) => ours(now) === points + 1);

  const clone = await askFreshClone(telling, place.pullRequest);
  if (clone !== undefined) throw new Trouble(clone);
  await approve(telling, threads);
  narrator.say(`🤝 ${cast.reviewer} merges #${place.pullRequest}`);
  await stage.github.as(cast.reviewer).on(stage.repository).merges(place.pullRequest);
  const merged = await atRest(telling, (now) => now.pullRequest.merged, "🎉");

  const files = await filesOf(stage, plot, merged.pullRequest.headSha);
  return { opened, questioned, answered, merged, threads, files, complaints: stage.github.problems() };
}

async function answerQuestion({ stage, plot, place }: Telling, { person }: Begun): Promise<void> {
  for (const [index, thread] of plot.person.entries()) {
    if (thread.answer !== "question") continue;
    await stage.github
      .as(cast.reviewer)
      .on(stage.repository)
      .replies(place.pullRequest, person[index] ?? "", thread.reply);
  }
}

/** Resolving and approving are news for Baton too, and must not start anything: it is given the time to look at them. */
async function approve(telling: Telling, { person }: Begun): Promise<void> {
  const { github, repository } = telling.stage;
  const reviewer = github.as(cast.reviewer).on(repository);
  for (const thread of person) await reviewer.resolves(thread);
  telling.narrator.look(telling.stage, telling.place.issue);
  await reviewer.reviews(telling.place.pullRequest, { event: "APPROVE" });
  const before = github.requests.length;
  await atRest(telling, () => github.requests.slice(before).some(({ route }) => route === "POST /graphql"));
}

/** Milliseconds without a request, after which Baton is taken to have nothing more to say; longer while a check runs. */
const quiet = 1_500;
const longQuiet = 20_000;

/**
 * Waits until it `isSo`, the status comment tells of an end, and Baton has become quiet.
 *
 * @throws Trouble when another end is told than the one that is waited for
 */
async function atRest(
  telling: Telling,
  isSo: (now: Omit<Moment, "commits">) => boolean,
  headline: "✅" | "🎉" = "✅",
): Promise<Moment> {
  const { stage, place } = telling;
  let last = { count: -1, at: 0 };
  const ask = () => {
    const count = stage.github.requests.length;
    if (count !== last.count) last = { count, at: Date.now() };
    const end = endOf(stage, place.issue);
    if (end === undefined) return undefined;
    if (!/^(✅|🎉)/.test(end)) return end;
    const now = lookAt(stage, place);
    if (!end.startsWith(headline) || !isSo(now)) return undefined;
    const isOver = ["baton", "baton/review"].every((name) => /^(success|failure)$/.test(checkAtHead(now, name) ?? ""));
    return Date.now() - last.at > (isOver ? quiet : longQuiet) ? end : undefined;
  };
  const end = await watchFor(telling, place.issue, { what: "the next end that people can see", ask });
  if (!end.startsWith(headline)) throw new Trouble(end);
  return takeMoment(stage, place);
}

/** How often Baton has spoken in the threads. */
function ours({ threads }: Pick<Moment, "threads">): number {
  return threads.flatMap(({ comments }) => comments).filter(({ author }) => author === cast.baton).length;
}

async function filesOf(stage: Playing["stage"], plot: ReviewPlot, sha: string): Promise<ReviewFacts["files"]> {
  const points = [...plot.person, ...plot.bot.threads, ...plot.bot.findings];
  const paths = [...new Set(points.flatMap(({ leaves }) => Object.keys(leaves)))];
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await fileAt(stage, sha, path)] as const)),
  );
}
