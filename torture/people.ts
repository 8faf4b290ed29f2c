import { type FakeRepository, Refusal } from "../test/support/fake-github/index.ts";
import type { Arena } from "./arena.ts";
import type { Chance } from "./prng.ts";

export type Verb = "label" | "run" | "stop" | "unlabel" | "close" | "reopen" | "merge" | "status" | "help";

/** Something a person did on an issue, as far as Baton should answer it. */
export interface Ask {
  readonly verb: Verb;
  readonly by: string;
}

/** An issue and everything that was asked on it, in order. */
export interface AskedIssue {
  readonly repository: FakeRepository;
  readonly number: number;
  readonly asks: Ask[];
}

/** People who use Baton, and their memory of what they asked for. */
export interface People {
  readonly issues: readonly AskedIssue[];
  /** Somebody does something; an act that GitHub refuses is no act. */
  act(): Promise<void>;
}

/** Whom Baton obeys. */
export const writers: readonly string[] = ["ann", "max"];

/** How the agent's work on an issue shall end; most issues say nothing and become a pull request. */
const endings = [
  [85, "Please fix it."],
  [5, "Ask me."],
  [5, "Leave it."],
  [5, "Break down."],
] as const;

export function peopleOf({ github, repositories }: Arena, chance: Chance): People {
  const issues: AskedIssue[] = [];

  const open = async (): Promise<AskedIssue> => {
    const repository = chance.pick(repositories);
    const body = `${chance.weighted(endings)} Number ${issues.length + 1}.`;
    const number = await repository.openIssue({ as: "bob", title: "It is broken", body });
    const issue = { repository, number, asks: [] };
    issues.push(issue);
    return issue;
  };

  /** One in six webhooks never happens at all. */
  const person = (by: string, { repository }: AskedIssue) => {
    const loud = github.as(by).on(repository);
    return chance.percent(16) ? loud.silently : loud;
  };

  const says = (words: string, verb: Verb, by: string) => async (issue: AskedIssue) => {
    await person(by, issue).comments(issue.number, words);
    issue.asks.push({ verb, by });
  };

  const labels = (by: string) => async (issue: AskedIssue) => {
    if (github.issue(issue.repository, issue.number).labels.includes("agent")) return;
    await person(by, issue).labels(issue.number, "agent");
    issue.asks.push({ verb: "label", by });
  };

  const merges = async (issue: AskedIssue) => {
    const head = `agent/issue-${issue.number}`;
    const pull = github.pullRequests(issue.repository).find((each) => each.head === head && each.state === "open");
    if (pull === undefined) return;
    await person("max", issue).merges(pull.number);
    issue.asks.push({ verb: "merge", by: "max" });
  };

  const does = (verb: "unlabel" | "close" | "reopen", by: string) => async (issue: AskedIssue) => {
    const who = person(by, issue);
    const { number } = issue;
    if (verb === "unlabel") await who.unlabels(number, "agent");
    else await (verb === "close" ? who.closes(number) : who.reopens(number));
    issue.asks.push({ verb, by });
  };

  const onNew: readonly (readonly [number, (issue: AskedIssue) => Promise<void>])[] = [
    [75, labels("ann")],
    [15, says("/agent run", "run", "ann")],
    [5, labels("tim")],
    [5, says("/agent run", "run", "bob")],
  ];
  const onOld: typeof onNew = [
    [15, says("/agent status", "status", "ann")],
    [10, says("/agent help", "help", "max")],
    [15, says("/agent run", "run", "max")],
    [12, says("/agent stop", "stop", "max")],
    [10, does("unlabel", "tim")],
    [10, labels("ann")],
    [8, does("close", "bob")],
    [5, does("reopen", "bob")],
    [15, merges],
  ];

  return {
    issues,
    async act() {
      const isNew = issues.length < 3 || chance.percent(40);
      const issue = isNew ? await open() : chance.pick(issues.slice(-8));
      await chance
        .weighted(isNew ? onNew : onOld)(issue)
        .catch((cause: unknown) => {
          if (!(cause instanceof Refusal)) throw cause;
        });
    },
  };
}
