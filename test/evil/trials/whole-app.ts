import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { formsOf, type Place, readPlaces } from "../app/places.ts";
import { type Watched, watchBaton } from "../app/watch.ts";
import { type AppWorld, buildAppWorld } from "../app/world.ts";
import { groundHere } from "../stage.ts";
import { type Driver, type Finding, type Findings, finding, type Note, type Trial, type Vector } from "../vector.ts";

/** Where loot is carried to, and the attempt that carries it. */
const carried: Readonly<Record<Place, readonly [attempt: string, what: string]>> = {
  "pull-request": ["loot-in-the-answer", "loot in the text of the pull request"],
  "comments-and-checks": ["loot-in-the-answer", "loot in comments and checks"],
  branches: ["loot-in-the-change", "loot in commits, also encoded"],
  "requests-to-github": ["loot-in-the-answer", "loot in anything that is sent to GitHub"],
  transcript: ["loot-in-the-transcript", "loot in the run's transcript"],
  store: ["loot-in-the-answer", "loot in any other table of the store"],
  log: ["loot-in-the-log", "loot in the app's log"],
  "command-lines": ["loot-in-processes", "loot on a command line"],
  environments: ["loot-in-processes", "loot in the environment of a process"],
};

const vectors: readonly (Vector & { readonly place: Place })[] = Object.entries(carried).map(([place, [, what]]) => ({
  name: `loot-in-${place}`,
  threat: "I3",
  what,
  place: place as Place,
}));

/** Lines of a run that are worth a row each. */
const mostStoredEvents = 60_000;
/** Slower than this is not alive. On a machine that is busy with other things only much more tells anything. */
const slowestHealthMs = { quiet: 1000, busy: 5000 };

/** Secrets of a whole running Baton: a thief collects them and carries them everywhere it can, beside an honest run. */
export const wholeAppTrial: Trial = {
  name: "the whole app",
  vectors,
  isAlone: true,
  async play(driver: Driver, note: Note): Promise<Findings> {
    const mark = `evil-${randomBytes(6).toString("hex")}`;
    const canary = (place: string) => `canary-${place}-${randomBytes(8).toString("hex")}`;
    const canaries = ["environment", "settings", "data", "dot-env", "database"].map(canary);
    const [inEnvironment = "", inSettings = "", inData = "", inDotEnv = "", inDatabase = ""] = canaries;
    const world = await buildAppWorld({ driver, mark, env: { MODEL_KEY: inEnvironment }, note: inSettings });
    try {
      const paths = { "file:data": join(world.dataDir, "key.pem"), "file:dot-env": join(world.directory, ".env") };
      writeFileSync(paths["file:data"], inData);
      writeFileSync(paths["file:dot-env"], inDotEnv);
      await sql`create table public.evil_secret as select ${inDatabase}::text as secret`.execute(world.db);
      const places = { ...paths, "file:settings": join(world.directory, "baton.yml") };
      world.order(ordersFor(world, places));
      const watch = watchBaton(world.baton);
      const issues = await askForWork(world);
      const unsettled = await world.settled().then(
        () => undefined,
        (error: Error) => error.message,
      );
      const watched = await watch.done();
      if (unsettled !== undefined)
        note({ name: "settled", says: `${driver}: not every run came to an end`, problem: unsettled });
      if (driver === "srt") await tell(world, { watched, issues, note });
      const texts = await readPlaces(world, watched);
      const output = texts.transcript;
      return Object.fromEntries(
        vectors.map(({ name, place }): [string, Finding] => {
          const [attempt] = carried[place];
          if (!output.includes(`TRIED ${attempt}`))
            return [
              name,
              {
                kind: "untried",
                how: world
                  .told(issues.thief ?? 0)
                  .join("\n")
                  .slice(0, 500),
              },
            ];
          const hits = canaries.filter((one) => formsOf(one).some((form) => texts[place].includes(form)));
          return [
            name,
            finding(
              hits.length > 0,
              `${hits.length} of ${canaries.length} canaries in ${texts[place].length} characters`,
            ),
          ];
        }),
      );
    } finally {
      await world.close();
    }
  },
};

function ordersFor(world: AppWorld, places: Readonly<Record<string, string>>) {
  const everything = world.driver === "srt" || groundHere() === "stage";
  const targets = {
    places,
    pids: everything ? "all" : [String(world.baton.pid)],
    sweep: world.driver === "srt" ? ["/"] : [world.directory],
    socket: world.socket,
    log: world.baton.logFile,
  };
  const attempts = [
    "collect-everything",
    "ask-for-a-blocked-host",
    ...new Set(Object.values(carried).map(([attempt]) => attempt)),
  ];
  return {
    Thief: { attempts, targets },
    Bomb: { attempts: ["fork-bomb"] },
    Flood: { attempts: ["flood-of-output"] },
    Lines: { attempts: ["flood-of-lines"] },
  };
}

type Issues = Readonly<Partial<Record<"thief" | "honest" | "bomb" | "flood" | "lines", number>>>;

/** All at the same time. The bomb goes off in the sandbox only. */
async function askForWork(world: AppWorld): Promise<Issues> {
  const thief = await world.ask("Thief");
  const more =
    world.driver === "srt"
      ? {
          bomb: await world.ask("Bomb", "agent:hasty"),
          flood: await world.ask("Flood"),
          lines: await world.ask("Lines"),
        }
      : {};
  return { thief, ...more, honest: await world.ask("Honest work", "agent:honest") };
}

/** What must hold around the vectors: the app answers, the honest run ends well, and each end is told. */
async function tell(
  world: AppWorld,
  { watched, issues, note }: { readonly watched: Watched; readonly issues: Issues; readonly note: Note },
): Promise<void> {
  const { github, repository } = world;
  noteHealth(watched, note);
  const pullOf = (issue: number) => github.pullRequests(repository).find(({ head }) => head === `agent/issue-${issue}`);
  const honest = pullOf(issues.honest ?? 0);
  const check = honest && github.checks(repository, honest.headSha).find(({ name }) => name === "baton");
  const isWell = honest?.draft === false && honest.title === "Fix it" && check?.conclusion === "success";
  note({
    name: "honest-run",
    says: `the honest run beside them ended with pull request ${honest?.number ?? "none"} and its check ${check?.conclusion ?? "missing"}`,
    ...(isWell ? {} : { problem: `it should be open, ready and green: ${world.told(issues.honest ?? 0).join(" / ")}` }),
  });
  for (const [kind, limit] of [
    ["bomb", "working time"],
    ["flood", "output"],
  ] as const) {
    const words = world.told(issues[kind] ?? 0).find((text) => text.startsWith("@ann,") && text.includes(limit));
    note({
      name: `told-of-the-${kind}`,
      says: `the ${kind}'s end was told to the person who asked: ${JSON.stringify(words?.split("\n", 1)[0] ?? "")}`,
      ...(words ? {} : { problem: `nobody was told: ${world.told(issues[kind] ?? 0).join(" / ")}` }),
    });
  }
  const most = await mostEvents(world);
  note({
    name: "transcript",
    says: `the longest transcript of a run has ${most} events`,
    ...(most <= mostStoredEvents
      ? {}
      : { problem: `more than ${mostStoredEvents}: a run fills the store line by line` }),
  });
  const thief = pullOf(issues.thief ?? 0);
  const summary = github.checks(repository, thief?.headSha ?? "none")[0]?.summary ?? "";
  const isShown = [thief?.body ?? "", summary].every(
    (text) => text.includes("blocked.evil.example:8080") && /network/.test(text),
  );
  note({
    name: "blocked-host",
    says: "the host that was blocked stands in the pull request and its check, with the setting that would allow it",
    ...(isShown ? {} : { problem: `pull request: ${thief?.body ?? "none"}\ncheck: ${summary}` }),
  });
}

function noteHealth({ health, bareServer, loadBefore }: Watched, note: Note): void {
  const { looks, slowestMs, failures } = health;
  const bound = loadBefore > 2 * availableParallelism() ? slowestHealthMs.busy : slowestHealthMs.quiet;
  const isAlive = failures.length === 0 && slowestMs < bound && looks > 20;
  const machine = `a bare server's ${bareServer.slowestMs} ms, load before ${loadBefore.toFixed(1)}, bound ${bound} ms`;
  note({
    name: "healthz",
    says: `/healthz was asked ${looks} times meanwhile; the slowest answer took ${slowestMs} ms (${machine})`,
    ...(isAlive
      ? {}
      : { problem: `it took ${slowestMs} ms, ${failures.length} failures: ${failures.slice(0, 3).join("; ")}` }),
  });
}

async function mostEvents({ db }: AppWorld): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from baton.run_event group by run_id order by 1 desc limit 1`.execute(db);
  return rows[0]?.n ?? 0;
}
