import type { TestDatabase } from "./database.ts";
import { reviewingAgent } from "./reviewing-agent.ts";
import { buildWorld, type World, type WorldOptions } from "./world.ts";

/** A world in which Baton has opened its pull request, and how everybody in it speaks about it. */
export interface ReviewWorld {
  readonly world: World;
  readonly issue: number;
  readonly number: number;
  /** What stands in each thread, and who resolved it. */
  readonly threads: () => readonly { readonly said: readonly string[]; readonly resolvedBy: string | undefined }[];
  /** The app's answers in each thread, threads without any among them. */
  readonly answers: () => readonly (readonly string[])[];
  /** What the app said on the pull request itself. */
  readonly told: () => readonly string[];
  /** The ledger's checks on the present head. */
  readonly checks: () => readonly { readonly conclusion: string | null; readonly summary: string | null }[];
  readonly head: () => string;
  /** The file that everybody argues about, as lines. */
  readonly file: () => Promise<readonly string[]>;
}

export async function withPullRequest(
  database: TestDatabase,
  options: Partial<Omit<WorldOptions, "database">> = {},
): Promise<ReviewWorld> {
  const world = await buildWorld({
    database,
    agent: reviewingAgent,
    policy: "review: { quietSeconds: 1 }\n",
    ...options,
  });
  const issue = await world.issue();
  await world.as("ann").labels(issue, "agent");
  await world.settled();
  const { github, repository } = world;
  const pull = () => {
    const [found] = github.pullRequests(repository);
    if (!found) throw new Error("There is no pull request.");
    return found;
  };
  const { number, head: branch } = pull();
  world.told(issue);
  const threads = () =>
    github.threads(repository, number).map(({ comments, resolvedBy }) => ({
      said: comments.map(({ author, body }) => `${author}: ${withoutMarks(body)}`),
      resolvedBy,
    }));
  const ours = `${github.app.botLogin}: `;
  return {
    world,
    issue,
    number,
    threads,
    answers: () =>
      threads().map(({ said }) => said.filter((text) => text.startsWith(ours)).map((text) => text.slice(ours.length))),
    told: () => world.told(number).map(withoutMarks),
    checks: () => github.checks(repository, pull().headSha).filter(({ name }) => name === "baton/review"),
    head: () => pull().headSha,
    file: async () => (await world.fileAt(branch, "fix.txt")).trimEnd().split("\n"),
  };
}

/** Without hidden marks, and with every commit called the same. */
export function withoutMarks(body: string): string {
  return body.replaceAll(/\s*<!--.*?-->/gs, "").replaceAll(/[0-9a-f]{40}/g, "<sha>");
}

/** A comment on a line of the file. */
export const line = (n: number, body: string) => ({ path: "fix.txt", line: n, body });
