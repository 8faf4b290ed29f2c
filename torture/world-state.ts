import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { sql } from "kysely";
import type { Status } from "../src/orchestrator/domain/status-of.ts";
import { statusOf } from "../src/orchestrator/domain/status-of.ts";
import type { Task } from "../src/orchestrator/domain/task.ts";
import type { Db } from "../src/orchestrator/store/schema.ts";
import type { FakeGitHub, FakeRepository } from "../test/support/fake-github/index.ts";
import { leftovers, type Places } from "./leftovers.ts";
import { type Leak, secretsIn } from "./secrets.ts";

/** What is looked at when everything has settled: GitHub, the store and the machine. */
export interface Settled {
  readonly github: FakeGitHub;
  readonly repositories: readonly FakeRepository[];
  readonly db: Db;
  readonly places: Places;
  readonly logFiles: readonly string[];
}

/** What is wrong with a settled world, in the four ways of promise 1; each line names one thing. */
export interface Wrongs {
  /** Work that was taken on and never reached an end. */
  readonly lost: readonly string[];
  /** What is there once too often. */
  readonly duplicated: readonly string[];
  /** Ends that nobody in GitHub can see. */
  readonly silent: readonly string[];
  /** What is left on the machine, or was said that must not be. */
  readonly leaked: readonly string[];
}

/** Nothing wrong: what a world must equal. */
export const nothingWrong: Wrongs = { lost: [], duplicated: [], silent: [], leaked: [] };

/**
 * Checks the invariants of security.md §4 that can be told from outside (I1, I2, I3, I4, I7) in a world where nothing
 * is under way any more.
 */
export async function judgeWorld(settled: Settled): Promise<Wrongs> {
  const tasks = (await settled.db.selectFrom("task").select("state").execute()).map(({ state }) => state);
  return {
    lost: [
      ...(await unfinished(settled, tasks)),
      ...(await unkept(settled)),
      ...tasks.flatMap((task) => unnoticed(settled, task)),
    ],
    duplicated: [...doubleObjects(settled), ...doublePushes(settled), ...(await doubleEnds(settled.db))],
    silent: [...tasks.flatMap((task) => unshown(settled, task)), ...(await untold(settled)), ...unseen(settled)],
    leaked: [
      ...(await leftovers(
        settled.places,
        tasks.map(({ id }) => id),
      )),
      ...(await leaks(settled)),
    ],
  };
}

async function unfinished({ db }: Settled, tasks: readonly Task[]): Promise<readonly string[]> {
  const deliveries = await db.selectFrom("delivery").select(["id", "event"]).where("handledAt", "is", null).execute();
  const runs = await db
    .selectFrom("run")
    .select(["id", "state"])
    .where("state", "in", ["queued", "active", "cancelling"])
    .execute();
  const effects = await db
    .selectFrom("effect")
    .select(["id", "type", "state", "error"])
    .where("state", "in", ["pending", "doing", "failed"])
    // A reading that waits for quiet is no work that was taken on.
    .where(sql<boolean>`not (type = 'read_feedback' and state = 'pending' and next_at > now())`)
    .execute();
  const leases = await db.selectFrom("effect").select("id").where("leaseUntil", "is not", null).execute();
  const held = await sql<{ data: unknown }>`
    select data from pgboss.job where state = 'active' and name = 'run'`.execute(db);
  return [
    ...deliveries.map(({ id, event }) => `delivery ${id} (${event}) was accepted and never understood`),
    ...runs.map(({ id, state }) => `run ${id} is ${state}`),
    ...effects.map(({ id, type, state, error }) => `effect ${id} (${type}) is ${state}: ${error ?? ""}`),
    ...leases.map(({ id }) => `effect ${id} still has a lease`),
    ...held.rows.map(({ data }) => `a ticket is held: ${JSON.stringify(data)}`),
    ...tasks.filter(({ work }) => work.kind !== "idle").map(({ id, work }) => `task ${id} is ${work.kind}`),
  ];
}

/** GitHub was told 2xx: then the delivery is in the inbox (I1). */
async function unkept({ db, github }: Settled): Promise<readonly string[]> {
  const kept = new Set((await db.selectFrom("delivery").select("id").execute()).map(({ id }) => id));
  return github.deliveries
    .filter(({ statusCode, guid }) => statusCode >= 200 && statusCode < 300 && !kept.has(guid))
    .map(({ guid, event, action }) => `delivery ${guid} (${event}.${action}) was acknowledged and is not in the inbox`);
}

/** What became of the pull request in GitHub, the task knows. */
function unnoticed({ repositories }: Settled, { id, repository, pullRequest }: Task): readonly string[] {
  if (pullRequest.kind === "none") return [];
  const { number, kind } = pullRequest;
  const issue = repositories
    .find((each) => each.id === repository.id)
    ?.state.issues.find((each) => each.number === number);
  const actual = issue?.pull?.mergedAt !== undefined ? "merged" : issue?.state;
  return actual === kind ? [] : [`task ${id} takes its pull request for ${kind}, and it is ${actual}`];
}

const mark = /<!-- (baton:\S+) -->/;

function doubleObjects({ github, repositories }: Settled): readonly string[] {
  return repositories.flatMap(({ state, fullName }) => {
    const said = state.issues.flatMap(({ number, comments }) =>
      comments
        .filter(({ author }) => author.login === github.app.botLogin)
        .map(({ body }) => `comment ${mark.exec(body)?.[1] ?? `without a mark: ${body.slice(0, 60)}`} on #${number}`),
    );
    const pulls = state.issues.flatMap(({ pull, author, state: open }) =>
      pull === undefined || author.login !== github.app.botLogin
        ? []
        : [
            `pull request from ${pull.headRef}`,
            ...(open === "open" ? [`open pull request for ${pull.headRef.replace(/-\d+(-\d+)$/, "")}`] : []),
          ],
    );
    const checks = state.checkRuns
      .filter(({ app }) => app.slug === github.app.slug)
      .map(({ name, headSha }) => `check ${name} on ${headSha}`);
    return repeated([...said, ...pulls, ...checks]).map((what) => `${fullName}: ${what}`);
  });
}

/** Every push to one of our branches that moved it; the webhooks GitHub sent for them tell. */
function doublePushes({ github }: Settled): readonly string[] {
  const byGuid = new Map(github.deliveries.filter(({ event }) => event === "push").map((sent) => [sent.guid, sent]));
  const moves = [...byGuid.values()].map(({ payload }) => {
    const { ref, after, forced, repository } = payload as unknown as PushFacts;
    return {
      forced,
      text: `push of ${after} to ${ref} of ${repository.full_name}`,
      ours: /^refs\/heads\/agent\//.test(ref),
    };
  });
  const ours = moves.filter((move) => move.ours);
  return [
    ...repeated(ours.map(({ text }) => text)),
    ...ours.filter(({ forced }) => forced).map(({ text }) => `forced ${text}`),
  ];
}

interface PushFacts {
  readonly ref: string;
  readonly after: string;
  readonly forced: boolean;
  readonly repository: { readonly full_name: string };
}

/** A run ends once, its work is published once, and an act of a person is taken in once. */
async function doubleEnds(db: Db): Promise<readonly string[]> {
  const triggers = await sql<{ task_id: string; trigger: string; n: number }>`
    select task_id, event->'trigger'->>'source' as trigger, count(*)::int as n from baton.decision
    where event->>'type' = 'trigger_received' and ignored is null
    group by task_id, event->'trigger'->>'source', event->'trigger'->>'at' having count(*) > 1`.execute(db);
  const { rows } = await sql<{ type: string; run: string; n: number }>`
    select event->>'type' as type, event->>'run' as run, count(*)::int as n from baton.decision
    where event->>'type' in ('run_ended', 'branch_pushed', 'pull_request_opened') and ignored is null
    group by 1, 2 having count(*) > 1`.execute(db);
  return [
    ...rows.map(({ type, run, n }) => `${type} of run ${run} was decided ${n} times`),
    ...triggers.rows.map(({ task_id: task, trigger, n }) => `task ${task} took ${trigger} in ${n} times`),
  ];
}

/** How the status comment starts at the end of each status; whatever else it says is not an end. */
const headlines: Readonly<Partial<Record<Status, RegExp>>> = {
  failed: /^### ❌ /,
  blocked: /^### ✋ Needs a person/,
  stopped: /^### ⏹ /,
  "in review": /^### ✅ /,
  merged: /^### 🎉 /,
  closed: /^### 🚪 /,
  idle: /^### (?:☑️|💤) /,
};

/** The status comment must say how the task stands. */
function unshown({ github, repositories }: Settled, task: Task): readonly string[] {
  const repository = repositories.find(({ id }) => id === task.repository.id);
  const issue = repository?.state.issues.find(({ number }) => number === task.issue);
  const status = issue?.comments.find(
    ({ author, body }) => author.login === github.app.botLogin && body.includes(`<!-- baton:${task.id}:status -->`),
  );
  if (status === undefined) {
    const owed = task.lastRun !== undefined || task.halt.kind !== "none" || task.pullRequest.kind !== "none";
    return owed ? [`task ${task.id} (${statusOf(task)}) has no status comment`] : [];
  }
  const wanted = headlines[statusOf(task)];
  const [said = ""] = status.body.split("\n");
  return wanted?.test(said) ? [] : [`task ${task.id} is ${statusOf(task)} and its status comment says "${said}"`];
}

/** Ends that a person must hear of have a comment of their own. */
async function untold({ db, github, repositories }: Settled): Promise<readonly string[]> {
  const ended = await db
    .selectFrom("run")
    .innerJoin("task", "task.id", "run.taskId")
    .select(["run.id", "run.outcome", "task.repoId", "task.issueNumber"])
    .where("run.outcome", "is not", null)
    .execute();
  return ended.flatMap(({ id, outcome, repoId, issueNumber }) => {
    if (outcome === null || outcome.kind === "changed" || outcome.kind === "stopped") return [];
    const repository = repositories.find((candidate) => candidate.id === repoId);
    const issue = repository?.state.issues.find(({ number }) => number === issueNumber);
    const told = issue?.comments.some(
      ({ author, body }) => author.login === github.app.botLogin && body.includes(`:end:${id} -->`),
    );
    return told ? [] : [`run ${id} ended as ${outcome.kind} and nobody was told`];
  });
}

/** Every command has been seen: 👀, whoever gave it. */
function unseen({ github, repositories }: Settled): readonly string[] {
  return repositories.flatMap(({ state, fullName }) =>
    state.issues.flatMap(({ number, comments }) =>
      comments
        .filter(({ author, body }) => author.type === "User" && body.startsWith("/agent"))
        .filter(
          ({ reactions }) =>
            !reactions.some(({ by, content }) => by.login === github.app.botLogin && content === "eyes"),
        )
        .map(({ author, body }) => `${fullName}#${number}: nobody saw ${author.login}'s ${body.split("\n", 1)[0]}`),
    ),
  );
}

const execFileAsync = promisify(execFile);

async function leaks({ github, repositories, db, logFiles }: Settled): Promise<readonly string[]> {
  const said: Leak[] = repositories.flatMap(({ state, fullName }) =>
    state.issues.flatMap(({ number, title, body, comments }) => [
      { where: `${fullName}#${number}`, text: `${title}\n${body}` },
      ...comments.map((comment) => ({ where: `a comment on ${fullName}#${number}`, text: comment.body })),
    ]),
  );
  const commits = repositories.map(async ({ directory, fullName }) => ({
    where: `a commit in ${fullName}`,
    text: (await execFileAsync("git", ["-C", directory, "log", "--all", "-p"], { maxBuffer: 1 << 28 })).stdout,
  }));
  const { rows } = await sql<{ run_id: string; text: string }>`
    select run_id, string_agg(data::text, e'\n') as text from baton.run_event group by run_id`.execute(db);
  const transcripts = rows.map(({ run_id: run, text }) => ({ where: `the transcript of ${run}`, text }));
  return secretsIn({ app: github.app, texts: [...said, ...(await Promise.all(commits)), ...transcripts], logFiles });
}

function repeated(things: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([thing, count]) => `${count} × ${thing}`);
}
