import type { Scenario } from "../scenario.ts";
import { until } from "../until.ts";
import { cast } from "./cast.ts";
import { judgeBranch } from "./judge.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";

/** A scenario on the stage, and who tells of it. */
export interface Playing {
  readonly stage: Stage;
  readonly scenario: Scenario;
  readonly narrator: Narrator;
}

/** What came of a story. */
export interface Played {
  readonly issue: number;
  /** Number of the pull request that Baton opened. */
  readonly pullRequest: number | undefined;
  /** Seconds from the label to the pull request. */
  readonly seconds: number;
  readonly outcome: string;
  /** Why the demo is not a success. */
  readonly problem: string | undefined;
  /** Facts of a story that has more than a pull request, for `--json`. */
  readonly story?: object | undefined;
}

/** Longest wait for anything that people can see, in milliseconds. */
const patience = 15 * 60_000;

/** bob opens the issue, ann labels it, Baton does the rest; a fresh clone of the branch has the last word. */
export async function playIssue(playing: Playing): Promise<Played> {
  const opened = await playToPullRequest(playing);
  const { pullRequest, outcome } = opened;
  if (pullRequest === undefined) return { ...opened, problem: `no pull request was opened: ${outcome}` };
  return { ...opened, problem: await askFreshClone(playing, pullRequest) };
}

/** From the issue to the pull request, or to whatever other end. */
export async function playToPullRequest(playing: Playing): Promise<Omit<Played, "problem">> {
  const { stage, scenario, narrator } = playing;
  const { github, repository, label } = stage;
  const { title, body } = scenario.issue;
  const issue = await github.as(cast.reporter).on(repository).opensIssue({ title, body });
  const start = Date.now();
  narrator.say(`📝 ${cast.reporter} opened issue #${issue}: ${title}`);
  narrator.say(`🏷  ${cast.requester} adds the label “${label}”`);
  await github.as(cast.requester).on(repository).labels(issue, label);
  const outcome = await watchFor(playing, issue, {
    what: "an end that people can see",
    ask: () => endOf(stage, issue),
  });
  const seconds = Math.round((Date.now() - start) / 100) / 10;
  return { issue, pullRequest: github.pullRequests(repository)[0]?.number, seconds, outcome };
}

/** Runs the scenario's `expect.sh` in a fresh clone of the pull request's branch. Gives what is wrong. */
export async function askFreshClone(playing: Playing, pullRequest: number): Promise<string | undefined> {
  const { stage, scenario, narrator } = playing;
  const pull = stage.github.pullRequests(stage.repository).find(({ number }) => number === pullRequest);
  narrator.say("🔍 a fresh clone of the branch runs the scenario's own tests …");
  const verdict = await judgeBranch(stage, scenario, pull?.head ?? "");
  narrator.say(verdict.ok ? "✅ they pass" : "❌ they fail");
  return verdict.ok ? undefined : `the branch does not pass expect.sh:\n${verdict.output.slice(-3000)}`;
}

interface Watched {
  readonly what: string;
  readonly ask: () => string | undefined;
}

/** Tells what happens until there is an answer and GitHub has come to rest. The end of Baton is one, too. */
export async function watchFor({ stage, narrator }: Playing, issue: number, { what, ask }: Watched): Promise<string> {
  let crashed: string | undefined;
  void stage.baton.exited.then((code) => {
    crashed = `Baton ended with exit code ${code}`;
  });
  const look = () => {
    narrator.look(stage, issue);
    return crashed ?? ask();
  };
  const answer = await until(look, { what, within: patience });
  await stage.github.settled();
  narrator.look(stage, issue);
  return answer;
}

const ends = /^### (✅|❌|✋ Needs|⏹|☑️|🎉|🚪)/m;

/** The headline of the status comment when it tells an end, or the first refusal. */
export function endOf({ github, repository }: Stage, issue: number): string | undefined {
  const comments = github.conversation(repository, issue).map(({ body }) => body);
  const status = comments.find((body) => ends.test(body));
  const refusal = comments.find((body) => /^@[\w-]+: /.test(body));
  return (status ?? refusal)?.replace("### ", "").split("\n", 1)[0];
}
