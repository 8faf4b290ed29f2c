import type { FakeGitHub } from "../test/support/fake-github/index.ts";
import { type Ask, type AskedIssue, writers } from "./people.ts";
import { nothingWrong, type Wrongs } from "./world-state.ts";

/** Compares what people asked for with what they got. */
export function unpaidDebts(github: FakeGitHub, issues: readonly AskedIssue[]): Wrongs {
  const all = issues.map((issue) => debtsOf(github, issue));
  return {
    ...nothingWrong,
    lost: all.flatMap(({ lost }) => lost),
    duplicated: all.flatMap(({ duplicated }) => duplicated),
    silent: all.flatMap(({ silent }) => silent),
  };
}

const started = ({ verb }: Ask) => verb === "label" || verb === "run";
const byWriter = ({ by }: Ask) => writers.includes(by);
/** Asks that neither end nor change anything. */
const harmless = ({ verb }: Ask) => verb === "status" || verb === "help";

function debtsOf(github: FakeGitHub, { repository, number, asks }: AskedIssue): Omit<Wrongs, "leaked"> {
  const where = `${repository.fullName}#${number} (${asks.map(({ verb, by }) => `${verb} by ${by}`).join(", ")})`;
  const issue = repository.state.issues.find((each) => each.number === number);
  const said = (issue?.comments ?? [])
    .filter(({ author }) => author.login === github.app.botLogin)
    .map(({ body }) => body);
  const marked = (key: string) => said.filter((body) => body.includes(`:${key}:`) && body.includes("<!-- baton:"));
  const hasPull = repository.state.issues.some(({ pull }) => pull?.headRef.startsWith(`agent/issue-${number}`));

  const isPlain = asks.every((ask) => started(ask) || harmless(ask));
  const granted = asks.some((ask) => started(ask) && byWriter(ask));
  const isEnded = hasPull || marked("end").length > 0;
  const isOwed = isPlain && granted;
  const refusable = asks.filter((ask) => started(ask) || ask.verb === "stop").length - (isOwed ? 1 : 0);
  const refusals = marked("refusal").length;
  const denied = asks.some((ask) => started(ask) && !byWriter(ask));
  const helped = asks.filter(({ verb }) => verb === "help").length;
  return {
    lost: isOwed && !isEnded ? [`${where}: neither a pull request nor a word`] : [],
    duplicated: refusals > refusable ? [`${where}: ${refusals} refusals for ${refusable} asks`] : [],
    silent: [
      ...(isPlain && denied && refusals === 0 ? [`${where}: refused without a word`] : []),
      ...(marked("help").length < helped ? [`${where}: help was not given`] : []),
    ],
  };
}
