import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { sql } from "kysely";
import { onTestFinished } from "vitest";
import type { Config, Profile } from "../../src/config.ts";
import type { Limits } from "../../src/orchestrator/domain/policy.ts";
import type { RunOutcome } from "../../src/orchestrator/domain/run.ts";
import { openPool } from "../../src/orchestrator/store/pool.ts";
import type { Db } from "../../src/orchestrator/store/schema.ts";
import type { TestDatabase } from "./database.ts";
import { type FakeGitHub, type FakeRepository, startFakeGitHub } from "./fake-github/index.ts";
import { quietLog } from "./temporary-data-dir.ts";
import { until } from "./until.ts";
import { type Baton, startHere, startProcess } from "./world-baton.ts";
import { appTexts, conversationText } from "./world-texts.ts";

const execFileAsync = promisify(execFile);

/** What a whole-app test wants different from the usual world. */
export interface WorldOptions {
  readonly database: TestDatabase;
  /** The agent: a shell script run in the clone, which finds its prompt in `$prompt`. */
  readonly agent?: string;
  /** Content of `.github/agent.yml`; none when left out. */
  readonly policy?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly limits?: Partial<Config["limits"]>;
  readonly sandbox?: Partial<Config["sandbox"]>;
  /** Profiles beside or instead of `default` and `careful`: the same agent with other limits, or another agent. */
  readonly profiles?: Readonly<Record<string, Partial<Limits> | Profile>>;
  /** Files the operator provides for the repository, by name. */
  readonly provided?: Readonly<Record<string, string>>;
  /** Where Baton runs: in this process, or as a process of its own. */
  readonly baton?: "here" | "process";
}

/** A row of the run table, as far as tests ask. */
export interface RunRow {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  readonly worker: string | null;
  readonly outcome: RunOutcome | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** GitHub's stand-in, one repository with people, and Baton in this process: a conversation can begin. */
export interface World {
  readonly github: FakeGitHub;
  readonly repository: FakeRepository;
  /** Everything of this world is below it. */
  readonly directory: string;
  readonly dataDir: string;
  /** Of a Baton with a process of its own. */
  readonly logFile: string;
  readonly config: Config;
  /** The running Baton, or the last one. */
  baton: Baton;
  readonly db: Db;
  /** Log lines of level error and above. */
  readonly errors: readonly string[];
  as(login: string): ReturnType<ReturnType<FakeGitHub["as"]>["on"]>;
  asBot(login: string): ReturnType<ReturnType<FakeGitHub["as"]>["on"]>;
  /** An issue by bob, who may only read. */
  issue(title?: string, body?: string): Promise<number>;
  /** Nothing is under way any more: no webhook, no effect, no run. */
  settled(): Promise<void>;
  /** Everything that was asked has its answer: no webhook and no effect is under way, runs may be. */
  answered(): Promise<void>;
  /** Waits until the issue's status comment has this headline. */
  statusIs(issue: number, headline: RegExp, repository?: FakeRepository): Promise<void>;
  /** The conversation as text, with what differs from run to run replaced. */
  conversation(issue: number, repository?: FakeRepository): string;
  /** What the app said there, one text per comment, without the hidden marks and the table of the status comment. */
  told(issue: number, repository?: FakeRepository): readonly string[];
  /** Every run there ever was, in order. */
  runs(): Promise<readonly RunRow[]>;
  /** Where the agent of that issue works. */
  clone(issue: number, repository?: FakeRepository): string;
  /** Lets an agent that waits for a file `go` in its clone go on. */
  release(issue: number, repository?: FakeRepository): void;
  /** A file as it is on a branch in GitHub. */
  fileAt(branch: string, path: string): Promise<string>;
  /** Time goes on in GitHub, whose clock has whole seconds. */
  later(seconds: number): void;
  /** Ends Baton as SIGTERM does; one in this process can be given less than 20 s. Resolves with the exit code. */
  stop(graceMs?: number): Promise<number | null>;
  /** Ends a Baton with a process of its own as `kill -9` does. */
  kill(): Promise<void>;
  /** Starts it again on the same database and data directory. */
  start(): Promise<void>;
}

/** An agent that fixes the one file there is and says so. */
export const fixingAgent = `echo "fixed" > fix.txt
printf '{"title":"Fix it","summary":"It was broken; now it is not."}' > "$BATON_RESULT"
`;

/** The same, after the test let it go on. */
export const patientAgent = `while [ ! -e go ]; do sleep 0.05; done
rm go
${fixingAgent}`;

/** Builds the world; everything in it is taken away when the test ends, and what was left over fails it. */
export async function buildWorld(options: WorldOptions): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "baton-world-"));
  chmodSync(directory, 0o711);
  const clock = { ahead: 0 };
  const github = await startFakeGitHub({
    directory: join(directory, "github"),
    clock: () => Date.now() + clock.ahead,
  });
  const repository = await github.createRepository({
    owner: "acme",
    name: "shop",
    files: {
      "README.md": "# Shop\n",
      ...options.files,
      ...(options.policy ? { ".github/agent.yml": options.policy } : {}),
    },
    people: { ann: "write", tim: "triage", bob: "read", max: "maintain" },
  });
  const dataDir = join(directory, "data");
  mkdirSync(dataDir, { mode: 0o711 });
  const config = configOf(options, { github, directory, dataDir });
  const db = openPool({ connectionString: options.database.url }, { size: 2, log: quietLog });
  const batons: Baton[] = [];
  const start = async () => {
    const baton = await (options.baton === "process" ? startProcess : startHere)(config, directory);
    batons.push(baton);
    github.connect(`${baton.url}/api/github/webhooks`);
    return baton;
  };
  let stopped = false;
  const world: World = {
    github,
    repository,
    directory,
    dataDir,
    logFile: join(directory, "baton.log"),
    config,
    baton: await start(),
    db,
    get errors() {
      return [...new Set(batons.flatMap((baton) => baton.errors()))];
    },
    as: (login) => github.as(login).on(repository),
    asBot: (login) => github.asBot(login).on(repository),
    issue: (title = "It is broken", body = "Please fix it.") => repository.openIssue({ as: "bob", title, body }),
    settled: () => settled(world),
    answered: () => answered(world),
    statusIs: async (issue, headline, where = repository) => {
      const headlines = () => github.conversation(where, issue).map(({ body }) => body.split("\n", 1)[0] ?? "");
      const found = () => headlines().some((line) => headline.test(line)) || undefined;
      await until(found, { what: `the headline ${headline} on #${issue}`, within: 30_000 }).catch((cause: unknown) => {
        throw new Error(
          `#${issue} never had the headline ${headline}; its comments start: ${headlines().join(" / ")}`,
          {
            cause,
          },
        );
      });
    },
    conversation: (issue, where = repository) => conversationText(github, where, issue),
    told: (issue, where = repository) => appTexts(github, where, issue),
    runs: async () =>
      db
        .selectFrom("run")
        .select(["id", "state", "attempt", "worker", "outcome", "startedAt", "finishedAt"])
        .orderBy("seq")
        .execute(),
    clone: (issue, where = repository) => join(dataDir, "workspaces", `${where.id}-${issue}`, "repo"),
    release: (issue, where = repository) => writeFileSync(join(world.clone(issue, where), "go"), "", { mode: 0o666 }),
    fileAt: async (branch, path) =>
      (await execFileAsync("git", ["-C", repository.directory, "show", `${branch}:${path}`])).stdout,
    async stop(graceMs = 20_000) {
      stopped = true;
      return world.baton.stop(graceMs);
    },
    async kill() {
      stopped = true;
      await world.baton.kill();
    },
    later: (seconds) => {
      clock.ahead += seconds * 1000;
    },
    async start() {
      stopped = false;
      world.baton = await start();
    },
  };
  onTestFinished(async () => {
    if (!stopped) await world.baton.end();
    await db.destroy();
    await github.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return world;
}

const fiveMinutes: Limits = { minutes: 5, idleMinutes: 5, turns: 80, tokens: 3_000_000 };

function configOf(
  options: WorldOptions,
  places: { readonly github: FakeGitHub; readonly directory: string; readonly dataDir: string },
): Config {
  const { github, directory, dataDir } = places;
  const program = join(directory, "agent", "agent");
  mkdirSync(join(directory, "agent"), { mode: 0o755 });
  writeFileSync(program, `#!/bin/bash\nset -eu\nprompt=$(cat)\n${options.agent ?? fixingAgent}`, { mode: 0o755 });
  const { privateKeyPem: privateKey, webhookSecret, id: appId } = github.app;
  return {
    github: { appId, privateKey, webhookSecret, host: github.host, protocol: "http" },
    server: { host: "127.0.0.1", port: 0 },
    databaseUrl: options.database.url,
    dataDir,
    privateFiles: [],
    logLevel: "error",
    agentsDir: join(directory, "agents"),
    profiles: profilesOf(program, { default: {}, careful: {}, ...options.profiles }),
    limits: { total: 5, perRepository: 3, ...options.limits },
    sandbox: { driver: "srt", network: [], memoryMb: 1024, pids: 128, diskMb: 256, ...options.sandbox },
    repositories: options.provided
      ? { "acme/shop": { files: providedFiles(directory, options.provided), network: [] } }
      : {},
  };
}

function profilesOf(program: string, wanted: NonNullable<WorldOptions["profiles"]>): Config["profiles"] {
  const profiles: Record<string, Profile> = {};
  for (const [name, profile] of Object.entries(wanted))
    profiles[name] =
      "agent" in profile ? profile : { agent: "command", command: [program], limits: { ...fiveMinutes, ...profile } };
  return profiles;
}

function providedFiles(directory: string, files: Readonly<Record<string, string>>): string {
  const provided = join(directory, "provided");
  mkdirSync(provided, { mode: 0o755 });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(provided, name), content, { mode: 0o644 });
  return provided;
}

/** Asked twice each time: a webhook that arrived in between may have brought new work. */
async function settled(world: World): Promise<void> {
  const quiet = async () => (await pendingEffects(world)) + (await liveRuns(world)) === 0;
  const idle = async () => ((await quiet()) && (await quiet()) ? true : undefined);
  await until(idle, { what: "everything to settle", within: 100_000 });
}

async function answered(world: World): Promise<void> {
  const quiet = async () => (await pendingEffects(world)) === 0;
  const idle = async () => ((await quiet()) && (await quiet()) ? true : undefined);
  await until(idle, { what: "every answer", within: 30_000 });
}

async function pendingEffects({ github, db }: World): Promise<number> {
  await github.settled();
  // A reading that waits for quiet is not under way.
  const isFar = sql<boolean>`(type = 'read_feedback' and next_at > now() + interval '5 seconds')`;
  const open = db.selectFrom("effect").select("id").where("state", "in", ["pending", "doing"]);
  return (await open.where(sql<boolean>`not ${isFar}`).execute()).length;
}

async function liveRuns({ db }: World): Promise<number> {
  const live = ["queued", "active", "cancelling"] as const;
  return (await db.selectFrom("run").select("id").where("state", "in", live).execute()).length;
}
