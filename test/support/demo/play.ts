import type { Scenario } from "../scenario.ts";
import { until } from "../until.ts";
import { judgeBranch } from "./judge.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";

/** What came of a scenario. */
export interface Played {
  readonly issue: number;
  /** Number of the pull request that Baton opened. */
  readonly pullRequest: number | undefined;
  /** Seconds from the label to the end. */
  readonly seconds: number;
  readonly outcome: string;
  /** Why the demo is not a success, in a sentence. */
  readonly problem: string | undefined;
}

/** Longest wait for an end that people can see, in milliseconds. */
const patience = 15 * 60_000;

/** bob opens the issue, ann labels it, Baton does the rest; a fresh clone of the branch has the last word. */
export async function playScenario(stage: Stage, scenario: Scenario, narrator: Narrator): Promise<Played> {
  const { github, repository, label } = stage;
  const issue = await github
    .as("bob")
    .on(repository)
    .opensIssue({ title: scenario.issue.title, body: scenario.issue.body });
  const start = Date.now();
  narrator.say(`📝 bob opened issue #${issue}: ${scenario.issue.title}`);
  narrator.say(`🏷  ann adds the label “${label}”`);
  await github.as("ann").on(repository).labels(issue, label);
  const outcome = await visibleEnd(stage, issue, narrator);
  const seconds = Math.round((Date.now() - start) / 100) / 10;
  const [pull] = github.pullRequests(repository);
  if (!pull)
    return { issue, pullRequest: undefined, seconds, outcome, problem: `no pull request was opened: ${outcome}` };
  narrator.say("🔍 a fresh clone of the branch runs the scenario's own tests …");
  const verdict = await judgeBranch(stage, scenario, pull.head);
  narrator.say(verdict.ok ? "✅ they pass" : "❌ they fail");
  const problem = verdict.ok ? undefined : `the branch does not pass expect.sh:\n${verdict.output.slice(-3000)}`;
  return { issue, pullRequest: pull.number, seconds, outcome, problem };
}

/** Waits until the status comment says that the work is at rest, telling what happens meanwhile. */
async function visibleEnd(stage: Stage, issue: number, narrator: Narrator): Promise<string> {
  const { github, repository, baton } = stage;
  let crashed: string | undefined;
  void baton.exited.then((code) => {
    crashed = `Baton ended with exit code ${code}`;
  });
  const look = () => {
    narrator.look(stage, issue);
    return crashed ?? headline(github.conversation(repository, issue).map((comment) => comment.body));
  };
  const end = await until(look, { what: "an end that people can see", within: patience });
  await github.settled();
  narrator.look(stage, issue);
  return end;
}

const ends = /^### (✅|❌|✋ Needs|⏹|☑️)/m;

/** The headline of the status comment when it tells an end, or the first refusal. */
function headline(comments: readonly string[]): string | undefined {
  const status = comments.find((body) => ends.test(body));
  const refusal = comments.find((body) => /^@[\w-]+: /.test(body));
  return (status ?? refusal)?.replace("### ", "").split("\n", 1)[0];
}
