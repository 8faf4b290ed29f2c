import { setTimeout as pause } from "node:timers/promises";
import { sql } from "kysely";
import { describe, expect, it, onTestFinished } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { createLog } from "../../src/log.ts";
import { shortIntervals, testDatabases } from "../support/database.ts";
import { until } from "../support/until.ts";
import { buildWorld, type World, type WorldOptions } from "../support/world.ts";

const databases = testDatabases();

const repo = "/repos/{owner}/{repo}";
const routes = {
  comment: `POST ${repo}/issues/{issue_number}/comments`,
  update: `PATCH ${repo}/issues/comments/{comment_id}`,
  reaction: `POST ${repo}/issues/comments/{comment_id}/reactions`,
  push: "GIT receive-pack",
  pull: `POST ${repo}/pulls`,
  check: `POST ${repo}/check-runs`,
  review: `POST ${repo}/pulls/{pull_number}/requested_reviewers`,
} as const;
type Write = keyof typeof routes;
const writes = Object.keys(routes) as readonly Write[];

const webPage = "<html><body>Unicorn!</body></html>";
const exists = {
  message: "Validation Failed",
  errors: [{ resource: "PullRequest", code: "custom", message: "A pull request already exists for acme:agent." }],
};
const unknownHead = {
  message: "Validation Failed",
  errors: [{ resource: "PullRequest", code: "invalid", field: "head" }],
};

type Plan = (world: World, route: string) => void;
const answers =
  (status: number, when: "before" | "after" = "before", body?: object | string): Plan =>
  ({ github }, route) =>
    github.faults.answer({ route, status, when, ...(body === undefined ? {} : { body: body as never }) });
const hangsUp =
  (when: "before" | "after"): Plan =>
  ({ github }, route) =>
    github.faults.hangUp({ route, when });

const beforeIt = {
  "502": answers(502),
  "no answer": hangsUp("before"),
  "200 with a web page": answers(200, "before", webPage),
  "401": answers(401, "before", { message: "Bad credentials" }),
  "404, as if it were too fresh to be known": answers(404, "before", { message: "Not Found" }),
  "409": answers(409, "before", { message: "Conflict" }),
};
const afterIt = {
  "502": answers(502, "after"),
  "no answer": hangsUp("after"),
  "200 with a web page": answers(200, "after", webPage),
  "409": answers(409, "after", { message: "Conflict" }),
};

/**
 * What GitHub answers, one after the other, to each kind of write that is to succeed all the same: some answers to what
 * was not done, then one to what was done.
 */
const passing: readonly {
  readonly before: readonly (keyof typeof beforeIt)[];
  readonly after: keyof typeof afterIt;
}[] = [
  { before: ["502"], after: "no answer" },
  { before: ["no answer", "200 with a web page"], after: "502" },
  { before: ["401", "404, as if it were too fresh to be known"], after: "409" },
  { before: ["409"], after: "200 with a web page" },
];

/** Ways in which GitHub asks us to wait a minute. */
const limits: readonly { readonly answer: string; readonly plan: Plan }[] = [
  {
    answer: "403, the primary limit, until its reset",
    plan: ({ github }, route) =>
      github.faults.answer({
        route,
        status: 403,
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(clock.now() / 1000) + 60) },
        body: { message: "API rate limit exceeded for installation ID 1." },
      }),
  },
  {
    answer: "403, the secondary limit",
    plan: ({ github }, route) => github.faults.limitSecondary({ route, retryAfter: 60 }),
  },
  {
    answer: "429 with retry-after",
    plan: ({ github }, route) => github.faults.answer({ route, status: 429, headers: { "retry-after": "60" } }),
  },
];

const notAccessible = { message: "Resource not accessible by integration" };
/** What no patience mends: the person who asked gets one comment with the reason, and there is no pull request. */
const final: readonly { readonly answer: string; readonly plan: Plan; readonly told: RegExp }[] = [
  {
    answer: "403 to the pull request",
    plan: (world) => answers(403, "before", notAccessible)(world, routes.pull),
    told: /Resource not accessible by integration/,
  },
  {
    answer: "422 to the pull request, again and again",
    plan: (world) => times(4, () => answers(422, "before", unknownHead)(world, routes.pull)),
    told: /Validation Failed/,
  },
  {
    answer: "403 to the push",
    plan: (world) => answers(403, "before", "forbidden")(world, routes.push),
    told: /contents: write/,
  },
];

const clock = {
  ahead: 0,
  now: () => Date.now() + clock.ahead,
  sleep: (milliseconds: number) => pause(milliseconds / 50),
};

describe("whatever GitHub answers to a write", { timeout: 150_000 }, () => {
  it("there is exactly one of each in the end", async () => {
    const { world, app, errors } = await buildOwnWorld();
    for (const { before, after } of passing) {
      const plans = [...before.map((answer) => beforeIt[answer]), afterIt[after]];
      const answer = `${before.join(", ")}; then, done: ${after}`;
      for (const write of writes) for (const plan of plans) plan(world, routes[write]);
      const issue = await world.issue(answer);
      await world.as("ann").comments(issue, "/agent run");
      await settledInAHurry(world, app);
      await expectOneOfEach(world, issue, answer);

      for (const plan of plans) plan(world, routes.comment);
      const refused = await world.issue(`${answer}, to a refusal`);
      await world.as("tim").labels(refused, "agent");
      await settledInAHurry(world, app);
      expect(world.told(refused), answer).toEqual([expect.stringContaining("you have `triage`")]);
    }
    expect(errors).toEqual([]);
    world.github.assertClean();
  });

  it("nothing is made anew because GitHub does not know yet, or suddenly knows, what was made a moment ago", async () => {
    const { world, app, errors } = await buildOwnWorld();
    answers(404, "before", { message: "Not Found" })(world, routes.update);
    answers(422, "before", unknownHead)(world, routes.pull);
    answers(422, "after", exists)(world, routes.pull);
    const issue = await world.issue();
    await world.as("ann").comments(issue, "/agent run");
    await settledInAHurry(world, app);
    await expectOneOfEach(world, issue, "422");
    expect(errors).toEqual([]);
    world.github.assertClean();
  });

  it("an answer that never comes is not waited for, and what it was about is not made again", async () => {
    const { world, app, errors } = await buildOwnWorld();
    const silence = Promise.withResolvers<void>();
    const silent = ["comment", "pull", "check"] as const;
    for (const write of silent) world.github.faults.run({ route: routes[write], when: "after" }, () => silence.promise);
    const issue = await world.issue();
    await world.as("ann").comments(issue, "/agent run");
    const givenUp = (n: number) =>
      until(async () => ((await effectsWithoutAnswer(world)) === n ? true : undefined), {
        what: "the end of patience",
        within: 60_000,
      });
    for (const n of silent.keys()) {
      await givenUp(n + 1);
      await makeDue(world, app);
    }
    silence.resolve();
    await settledInAHurry(world, app);
    await expectOneOfEach(world, issue, "silence");
    expect(errors).toEqual([]);
    world.github.assertClean();
  });

  it("no call is made before GitHub wants one, and then everything is made up for", async () => {
    const { world, app, errors } = await buildOwnWorld();
    for (const { answer, plan } of limits) {
      const issue = await world.issue(answer);
      const other = await world.issue(`Beside ${answer}`);
      for (const write of writes) if (write !== "push") plan(world, routes[write]);
      await world.as("ann").comments(issue, "/agent run");
      let pauses = 0;
      while ((await inTheMiddleOfIt(world)) > 0) {
        if (!(await comesToAPause(world))) break;
        pauses += 1;
        const asked = world.github.requests.length;
        if (pauses === 1) await world.as("tim").labels(other, "agent");
        await everythingWaits(world);
        expect(callsSince(world, asked), answer).toEqual([]);
        await aMinutePasses(world, app);
      }
      expect(pauses, answer).toBe(writes.length - 1);
      await expectOneOfEach(world, issue, answer);
      expect(world.told(other), answer).toEqual([expect.stringContaining("you have `triage`")]);
    }
    expect(errors).toEqual([]);
    world.github.assertClean();
  });

  it("the person who asked is told, once, when it is final", async () => {
    const { world, app, errors } = await buildOwnWorld();
    for (const { answer, plan, told } of final) {
      plan(world, "");
      const issue = await world.issue(answer);
      await world.as("ann").labels(issue, "agent");
      await settledInAHurry(world, app);
      expect(world.told(issue), answer).toEqual([
        expect.stringContaining("### ❌ Failed"),
        expect.stringMatching(new RegExp(`@ann[\\s\\S]*${told.source}`)),
      ]);
      expect(world.github.pullRequests(world.repository), answer).toEqual([]);
    }
    expect(errors).toHaveLength(final.length);
    world.github.assertClean();
  });
});

describe("a worker that slept between deciding to write and writing", () => {
  it("does not write when somebody else took the effect over meanwhile", async () => {
    const { world, errors } = await buildOwnWorld();
    const issue = await world.issue();
    const before = world.github.requests.length;
    world.github.faults.run(
      {
        route: "POST /app/installations/{installation_id}/access_tokens",
        only: ({ body }) => JSON.stringify(body).includes('"issues":"write"'),
      },
      async () => {
        expect(await takenOverBySomebodyElse(world)).toBeGreaterThan(0);
      },
    );
    await world.as("tim").labels(issue, "agent");
    const comments = () => world.github.requests.slice(before).filter(({ route }) => route === routes.comment);
    await until(async () => ((await effectsOf(world, "somebody else")) > 0 ? true : undefined), {
      what: "the takeover",
      within: 10_000,
    });
    await world.settled();
    const read = world.github.requests.findLastIndex(
      ({ route }) => route.startsWith("GET") && route.endsWith("/comments"),
    );
    const written = world.github.requests.findIndex(({ route }) => route === routes.comment);
    expect(comments()).toHaveLength(1);
    expect(read).toBeGreaterThan(before);
    expect(written).toBeGreaterThan(read);
    expect(world.told(issue)).toEqual([expect.stringContaining("you have `triage`")]);
    expect(errors).toEqual([]);
    world.github.assertClean();
  });
});

/** The world with a Baton of its own, whose time the test can move on. */
async function buildOwnWorld(options: Partial<WorldOptions> = {}) {
  const world = await buildWorld({ database: await databases.create(), ...options });
  await world.stop(0);
  clock.ahead = 0;
  const errors: string[] = [];
  const log = createLog("error", { write: (line: string) => void errors.push(line) });
  const app = await startApp(world.config, { log, queue: shortIntervals, clock });
  onTestFinished(() => app.drain(0));
  world.github.connect(`${app.url}/api/github/webhooks`);
  return { world, app, errors };
}

async function expectOneOfEach(world: World, issue: number, answer: string): Promise<void> {
  const { github, repository } = world;
  expect(world.told(issue), answer).toEqual([expect.stringContaining("Ready for review")]);
  const pulls = github.pullRequests(repository).filter(({ head }) => head === `agent/issue-${issue}`);
  expect(pulls, answer).toMatchObject([{ commits: 1, requestedReviewers: ["ann"] }]);
  const { headSha } = pulls[0] ?? { headSha: "none" };
  expect((await github.branches(repository))[`agent/issue-${issue}`], answer).toBe(headSha);
  const checks = github.checks(repository, headSha).toSorted((one, other) => (one.name < other.name ? -1 : 1));
  expect(checks, answer).toMatchObject([
    { name: "baton", conclusion: "success" },
    { name: "baton/review", conclusion: "success" },
  ]);
  const asked = github.conversation(repository, issue).find(({ body }) => body === "/agent run");
  expect(asked?.reactions, answer).toEqual({ eyes: [github.app.botLogin] });
}

/** Until nothing is under way. Waits of our own choice are cut short; what GitHub asked for is waited for. */
async function settledInAHurry(world: World, app: App): Promise<void> {
  const ended = new AbortController();
  const hurrying = (async () => {
    while (!ended.signal.aborted) {
      await makeDue(world, app, sql`lease_owner is distinct from 'github'`);
      await pause(50);
    }
  })();
  await world.settled().finally(() => ended.abort());
  await hurrying;
}

async function makeDue(world: World, app: App, which = sql`true`): Promise<void> {
  const { rows } = await sql<{ taskId: string }>`
    update baton.effect set next_at = now() - interval '1 second'
    where state = 'pending' and next_at > now() and ${which} returning task_id`.execute(world.db);
  for (const task of new Set(rows.map((row) => row.taskId))) await app.store.queue.sendEffects(world.db, task);
}

/** Effects and runs that are not done. */
async function inTheMiddleOfIt(world: World): Promise<number> {
  await world.github.settled();
  const { rows } = await sql<{ n: number }>`
    select (select count(*) from baton.effect where state in ('pending', 'doing'))
      + (select count(*) from baton.run where state in ('queued', 'active', 'cancelling')) as n`.execute(world.db);
  return rows[0]?.n ?? 0;
}

/** True when GitHub asked for a pause, false when everything is done. */
async function comesToAPause(world: World): Promise<boolean> {
  return until(
    async () => {
      const { rows } = await sql`
        select 1 from baton.effect where lease_owner = 'github' and next_at > now()`.execute(world.db);
      if (rows.length > 0) return true;
      return (await inTheMiddleOfIt(world)) === 0 ? false : undefined;
    },
    { what: "a pause or the end", within: 60_000 },
  );
}

/** Nothing is being done: all that is left waits for its time, at least the minute that GitHub asked for. */
async function everythingWaits(world: World): Promise<void> {
  await until(
    async () => {
      await world.github.settled();
      const { rows } = await sql<{ early: number }>`
        select count(*) as early from baton.effect where state = 'doing'
          or state = 'pending' and next_at < now() + make_interval(secs => ${clock.ahead / 1000 + 50})`.execute(
        world.db,
      );
      return rows[0]?.early === 0 ? true : undefined;
    },
    { what: "everything to wait", within: 30_000 },
  );
}

async function aMinutePasses(world: World, app: App): Promise<void> {
  clock.ahead += 61_000;
  world.later(61);
  await makeDue(world, app);
}

/** Calls of the API that Baton made since then. Git's own are not counted among them. */
function callsSince(world: World, since: number): readonly string[] {
  return world.github.requests
    .slice(since)
    .map(({ route }) => route)
    .filter((route) => !route.startsWith("GIT"));
}

/** Effects of which a try ended without an answer, done by now or not. */
async function effectsWithoutAnswer(world: World): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from baton.effect where attempts > 1 or error like '%no answer from GitHub%'`.execute(
    world.db,
  );
  return Number(rows[0]?.n);
}

async function effectsOf(world: World, owner: string): Promise<number> {
  return (await world.db.selectFrom("effect").select("id").where("leaseOwner", "=", owner).execute()).length;
}

/** As if this worker had been frozen past its lease, and the other one then been killed. */
async function takenOverBySomebodyElse(world: World): Promise<number> {
  const { numAffectedRows } = await sql`
    update baton.effect set fence = fence + 1, lease_owner = 'somebody else', attempts = attempts + 1,
      lease_until = now() + interval '2 seconds' where state = 'doing'`.execute(world.db);
  return Number(numAffectedRows ?? 0);
}

function times(count: number, act: () => void): void {
  for (let n = 0; n < count; n += 1) act();
}
