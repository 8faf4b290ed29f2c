import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { EmbeddedServer } from "../src/orchestrator/store/embedded.ts";
import { startEmbedded } from "../src/orchestrator/store/embedded.ts";
import { readServerFile } from "../src/orchestrator/store/embedded-process.ts";
import { type Connection, openPool } from "../src/orchestrator/store/pool.ts";
import type { Db } from "../src/orchestrator/store/schema.ts";
import { type FakeGitHub, type FakeRepository, startFakeGitHub } from "../test/support/fake-github/index.ts";
import { quietLog } from "../test/support/temporary-data-dir.ts";
import { until } from "../test/support/until.ts";
import { type Crew, createCrew, type Role } from "./crew.ts";
import { startFront } from "./front.ts";
import { type Rows, tellRows, watchRows } from "./rows.ts";

export interface ArenaOrder {
  readonly roles: readonly Role[];
  readonly driver: "srt" | "none";
  /** A planted fault, if any. */
  readonly fault: string | undefined;
}

/** A world to torture: the stand-in with repositories and people, Batons before a front, one database. */
export interface Arena {
  readonly directory: string;
  readonly github: FakeGitHub;
  readonly repositories: readonly FakeRepository[];
  readonly crew: Crew;
  readonly db: Db;
  /** Listens for rows as they are committed. */
  rows(): Promise<Rows>;
  readonly limits: { readonly total: number; readonly perRepository: number };
  /** `kill -9` of the database's main process. Whoever uses it starts it again. */
  killDatabase(): Promise<void>;
  close(files: "remove" | "keep"): Promise<void>;
}

const limits = { total: 3, perRepository: 2 };

/** A quick agent. Each issue has a number of its own in its text, and some say how it shall end. */
const agent = `#!/bin/bash
set -eu
prompt=$(cat)
sleep 0.$((RANDOM % 5))
case "$prompt" in
*"Ask me."*) printf '{"question":"Which one?"}' > "$BATON_RESULT"; exit 0;;
*"Leave it."*) printf '{"no_change_reason":"It is right as it is."}' > "$BATON_RESULT"; exit 0;;
*"Break down."*) exit 3;;
esac
number=$(printf '%s\\n' "$prompt" | grep -o 'Number [0-9]*' | head -n 1)
echo "$number" > "fix-\${number#Number }.txt"
printf '{"title":"Fix it","summary":"Done."}' > "$BATON_RESULT"
`;

/** Builds it; the first Batons run and are ready when it resolves. */
export async function buildArena({ roles, driver, fault }: ArenaOrder): Promise<Arena> {
  const directory = mkdtempSync(join(tmpdir(), "baton-torture-"));
  chmodSync(directory, 0o711);
  const github = await startFakeGitHub({ directory: join(directory, "github") });
  const repositories: FakeRepository[] = [];
  // Several owners: each is an installation of its own, and GitHub's pace counts per installation.
  for (const owner of ["acme", "umbra", "zenit"])
    repositories.push(
      await github.createRepository({
        owner,
        name: "shop",
        people: { ann: "write", tim: "triage", bob: "read", max: "maintain" },
      }),
    );
  const front = await startFront();
  github.connect(`http://127.0.0.1:${front.port}/api/github/webhooks`);
  const shared = roles.length > 1 ? await sharedDatabase(join(directory, "store")) : undefined;
  const configFile = writeConfig(directory, driver);
  const crew = createCrew({
    roles,
    directory,
    configFile,
    app: github.app,
    githubHost: github.host,
    databaseUrl: shared && urlOf(shared),
    front,
    fault,
  });
  await crew.allReady();
  const cluster = join(shared ? join(directory, "store") : (crew.members[0]?.dataDir ?? ""), "pg18");
  const connection = shared?.connection ?? (await ownConnection(cluster));
  const db = openPool(connection, { size: 2, log: quietLog });
  await tellRows(connection);
  return {
    directory,
    github,
    repositories,
    crew,
    db,
    rows: () => watchRows(connection),
    limits,
    async killDatabase() {
      const server = await readServerFile(cluster);
      if (server) process.kill(server.pid, "SIGKILL");
    },
    async close(files) {
      await crew.end();
      await db.destroy();
      await (shared ?? (await startEmbedded({ dataDir: dirname(cluster), log: quietLog }))).stop();
      await github.close();
      await front.close();
      if (files === "remove") rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function sharedDatabase(dataDir: string): Promise<EmbeddedServer> {
  mkdirSync(dataDir, { mode: 0o711 });
  return startEmbedded({ dataDir, log: quietLog });
}

function urlOf({ connection: { user, host, database } }: EmbeddedServer): string {
  return `postgresql://${user}@localhost/${database}?host=${encodeURIComponent(host)}`;
}

async function ownConnection(cluster: string): Promise<Connection> {
  const server = await until(() => readServerFile(cluster), { what: "the embedded database", within: 10_000 });
  return { host: dirname(server.socket), port: 5432, user: "baton", database: "postgres" };
}

function writeConfig(directory: string, driver: "srt" | "none"): string {
  const program = join(directory, "agent", "agent");
  mkdirSync(join(directory, "agent"), { mode: 0o755 });
  writeFileSync(program, agent, { mode: 0o755 });
  const configFile = join(directory, "baton.yml");
  const profile = { agent: "command", command: [program], limits: { minutes: 5, idleMinutes: 5 } };
  const sandbox = { driver, memoryMb: 1024, pids: 128, diskMb: 256 };
  writeFileSync(configFile, JSON.stringify({ profiles: { default: profile }, limits, sandbox }));
  return configFile;
}
