import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Rows, tellRows, watchRows } from "../../torture/rows.ts";
import { judgeWorld, nothingWrong } from "../../torture/world-state.ts";
import { testDatabases } from "../support/database.ts";
import { buildWorld, fixingAgent, type World } from "../support/world.ts";

const databases = testDatabases();

/** Leaves work half done where the test can see it, and files that take a moment to be removed. */
const agent = `echo half > half.txt
case "$prompt" in *"Leave many files."*) seq 50000 | (cd "$TMPDIR" && xargs touch);; esac
sleep 0.3
rm half.txt
${fixingAgent}`;

/** One place in the life of a run where the whole of Baton is killed. Resolves in the moment it is there. */
interface KillPoint {
  readonly name: string;
  /** Who labels; ann if nobody is named. Tim may not, and is told so. */
  readonly by?: "tim";
  readonly reached: (place: Place) => Promise<void>;
}

const repo = "/repos/{owner}/{repo}";

const killPoints: readonly KillPoint[] = [
  { name: "the inbox commit", reached: ({ rows }) => rows.next(({ action }) => action === "labeled") },
  { name: "the answer that authorises", reached: afterRequest(`GET ${repo}/collaborators/{username}/permission`) },
  { name: "the run row", reached: ({ rows }) => rows.next(({ type }) => type === "trigger_authorised") },
  { name: "the start of the sandbox", reached: ({ rows }) => rows.next(({ type }) => type === "run_phase_changed") },
  { name: "half of the agent's work", reached: onceThere(({ clone }) => existsSync(join(clone, "half.txt"))) },
  { name: "the bundle", reached: onceThere(({ root }) => existsSync(join(root, "outbox", "change.bundle"))) },
  {
    name: "the import into quarantine",
    reached: onceThere(({ quarantine, task }) => entriesOf(quarantine).some((name) => name.includes(`-${task}-`))),
  },
  {
    name: "half of the clean-up",
    reached: async (place) => {
      await onceThere(({ root }) => existsSync(join(root, "outbox", "change.bundle")))(place);
      await onceThere(({ root }) => entriesOf(root).length < 8)(place);
    },
  },
  { name: "the push", reached: afterRequest("GIT receive-pack") },
  { name: "the pull request's creation", reached: afterRequest(`POST ${repo}/pulls`) },
  { name: "a comment", by: "tim", reached: afterRequest(`POST ${repo}/issues/{issue_number}/comments`) },
  { name: "the check", reached: afterRequest(`POST ${repo}/check-runs`) },
];

describe("kill -9 of the whole app", () => {
  it("at any point of a run leaves, after a restart, the world as it would have been without", {
    timeout: 240_000,
  }, async () => {
    const database = await databases.create();
    const world = await buildWorld({ database, baton: "process", agent });
    await tellRows({ connectionString: database.url });
    const rows = await watchRows({ connectionString: database.url });
    onTestFinished(() => rows.close());
    const spared = { ann: await world.issue(), tim: await world.issue() };
    await world.as("ann").labels(spared.ann, "agent");
    await world.as("tim").labels(spared.tim, "agent");
    await world.settled();

    const killed = new Map<string, number>();
    for (const { name, by = "ann", reached } of killPoints) {
      const issue = await world.issue(
        "It is broken",
        name === "half of the clean-up" ? "Leave many files." : "Please fix it.",
      );
      const point = reached({ world, issue, rows });
      await world.as(by).labels(issue, "agent");
      await point;
      await world.kill();
      killed.set(name, issue);
      await world.start();
      await world.settled();
    }

    for (const { name, by = "ann" } of killPoints)
      expect(await storyOf(world, killed.get(name) ?? 0), `a kill at ${name}`).toEqual(
        await storyOf(world, spared[by]),
      );
    expect(new Set((await world.runs()).map(({ state }) => state))).toEqual(new Set(["succeeded"]));
    expect(await world.runs()).toHaveLength(killPoints.length);
    expect(await judgeWorld(settledFacts(world))).toEqual(nothingWrong);
    world.github.assertClean();
  });
});

interface Place {
  readonly world: World;
  readonly issue: number;
  readonly rows: Rows;
}

function afterRequest(route: string) {
  return ({ world }: Place) =>
    new Promise<void>((reached) => {
      world.github.faults.run({ route, when: "after" }, async () => {
        reached();
        await world.kill();
      });
    });
}

interface OnDisk {
  readonly task: string;
  /** The task's workspace. */
  readonly root: string;
  readonly clone: string;
  readonly quarantine: string;
}

/** Looks as often as it can: what is looked for may be there for milliseconds. */
function onceThere(isThere: (places: OnDisk) => boolean) {
  return async ({ world, issue }: Place): Promise<void> => {
    const clone = world.clone(issue);
    const root = join(clone, "..");
    const task = `${world.repository.id}-${issue}`;
    const places = { task, root, clone, quarantine: join(world.dataDir, "git", "quarantine") };
    const deadline = Date.now() + 30_000;
    while (!isThere(places) && Date.now() < deadline) await pause(1);
  };
}

function entriesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** Everything that GitHub shows of an issue and its pull request, without what tells one issue from another. */
async function storyOf(world: World, issue: number) {
  const { github, repository } = world;
  const branch = `agent/issue-${issue}`;
  const pulls = github.pullRequests(repository).filter(({ head }) => head === branch);
  const anonymous = (text: string) =>
    text
      .replaceAll(/\b[0-9a-f]{12,40}\b/g, "<sha>")
      .replaceAll(new RegExp(`(#|issue-|500-|${repository.id}-)${issue}\\b`, "g"), "$1<issue>")
      .replaceAll(new RegExp(`#${pulls[0]?.number}\\b`, "g"), "#<pull>")
      .replaceAll(/<issue>-\d+/g, "<run>")
      .replaceAll(/\d+ s\b/g, "<time>");
  return {
    conversation: anonymous(world.conversation(issue)),
    pulls: pulls.map(({ title, body, state, draft, commits, requestedReviewers }) => {
      return { title, body: anonymous(body), state, draft, commits, requestedReviewers };
    }),
    checks: pulls.flatMap(({ headSha }) =>
      github
        .checks(repository, headSha)
        .map(({ name, conclusion, title }) => ({ name, conclusion, title }))
        .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    ),
    file: pulls.length > 0 ? await world.fileAt(branch, "fix.txt") : undefined,
  };
}

function settledFacts(world: World) {
  const { github, repository, db, dataDir, directory, logFile, baton } = world;
  return {
    github,
    repositories: [repository],
    db,
    places: { directory, dataDirs: [dataDir], alive: [baton.pid] },
    logFiles: [logFile],
  };
}
