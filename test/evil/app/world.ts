import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { readServerFile } from "../../../src/orchestrator/store/embedded-process.ts";
import { openPool } from "../../../src/orchestrator/store/pool.ts";
import type { Db } from "../../../src/orchestrator/store/schema.ts";
import { type BatonProcess, startBaton } from "../../support/baton-process.ts";
import { type FakeGitHub, type FakeRepository, startFakeGitHub } from "../../support/fake-github/index.ts";
import { quietLog } from "../../support/temporary-data-dir.ts";
import { until } from "../../support/until.ts";
import { endMarked } from "../processes.ts";
import type { Driver } from "../vector.ts";
import { type EvilOrder, plentyOfProcesses } from "../yard.ts";

/** What the evil agent does for the issue with this title. */
export type Orders = Readonly<Record<string, EvilOrder>>;

/** A whole Baton as an operator runs it, before the stand-in for GitHub, with an evil agent and an honest one. */
export interface AppWorld {
  readonly driver: Driver;
  readonly directory: string;
  readonly dataDir: string;
  readonly mark: string;
  readonly github: FakeGitHub;
  readonly repository: FakeRepository;
  readonly baton: BatonProcess;
  readonly db: Db;
  readonly socket: string;
  /** Tells the evil agent what to do; read when it starts. */
  readonly order: (orders: Orders) => void;
  /** Opens an issue and labels it as ann. @returns its number */
  readonly ask: (title: string, label?: string) => Promise<number>;
  /** Nothing is under way any more. */
  readonly settled: () => Promise<void>;
  /** What the app said on an issue. */
  readonly told: (issue: number) => readonly string[];
  readonly close: () => Promise<void>;
}

export interface AppWorldOptions {
  readonly driver: Driver;
  readonly mark: string;
  /** In the environment of Baton, beside its settings. */
  readonly env: Readonly<Record<string, string>>;
  /** A comment in baton.yml. */
  readonly note: string;
}

const honest = `#!/bin/bash
set -eu
cat > prompt.txt; rm prompt.txt
for round in 1 2 3 4 5 6; do sleep 0.5; done
echo fixed > fix.txt
printf '{"title":"Fix it","summary":"It was broken; now it is not."}' > "$BATON_RESULT"
`;

/** The repository's policy: its own check runs in a fresh clone. */
const policy = "verify: { run: ['ls'] }\n";

/** Builds it and waits until Baton is ready. Whoever builds it closes it. */
export async function buildAppWorld({ driver, mark, env, note }: AppWorldOptions): Promise<AppWorld> {
  const directory = mkdtempSync(join(tmpdir(), "evil-app-"));
  chmodSync(directory, 0o711);
  const evil = join(directory, "evil");
  cpSync(resolve(import.meta.dirname, "../../fixtures/evil/agent"), evil, { recursive: true });
  chmodSync(join(evil, "agent.mjs"), 0o755);
  const github = await startFakeGitHub({ directory: join(directory, "github") });
  const repository = await github.createRepository({
    owner: "acme",
    name: "shop",
    files: { "README.md": "# Shop\n", ".github/agent.yml": policy },
    people: { ann: "write", bob: "read", max: "maintain" },
  });
  const dataDir = join(directory, "data");
  mkdirSync(dataDir, { mode: 0o711 });
  const baton = await startBaton({
    app: github.app,
    githubHost: github.host,
    dataDir,
    configFile: writeSettings(directory, { driver, program: join(evil, "agent.mjs"), mark, note }),
    logFile: join(directory, "baton.log"),
    env,
  });
  github.connect(`${baton.url}/api/github/webhooks`);
  const server = await until(() => readServerFile(join(dataDir, "pg18")), { what: "the database", within: 20_000 });
  const connection = { host: dirname(server.socket), port: 5432, user: "baton", database: "postgres" };
  const db = openPool(connection, { size: 2, log: quietLog });
  return {
    driver,
    directory,
    dataDir,
    mark,
    github,
    repository,
    baton,
    db,
    socket: server.socket,
    order: (orders) => writeFileSync(join(evil, "order.json"), JSON.stringify(ordersFor(orders, { driver, mark }))),
    async ask(title, label = "agent") {
      const issue = await repository.openIssue({ as: "bob", title, body: "Please." });
      await github.as("ann").on(repository).labels(issue, label);
      return issue;
    },
    settled: () => settled(github, db),
    told: (issue) => {
      const said = github.conversation(repository, issue);
      return said.filter(({ author }) => author === github.app.botLogin).map(({ body }) => body);
    },
    async close() {
      await db.destroy();
      await baton.stop();
      await endMarked(mark);
      await github.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The agent looks for the title in its prompt. */
function ordersFor(orders: Orders, common: { readonly driver: Driver; readonly mark: string }) {
  return Object.fromEntries(
    Object.entries(orders).map(([title, order]) => [`Title: ${title}`, { ...order, ...common }]),
  );
}

function writeSettings(
  directory: string,
  { driver, program, mark, note }: { driver: Driver; program: string; mark: string; note: string },
): string {
  const quick = { minutes: 2, idleMinutes: 2 };
  const honestProgram = join(directory, "honest", "agent");
  mkdirSync(dirname(honestProgram));
  writeFileSync(honestProgram, honest, { mode: 0o755 });
  const settings = {
    profiles: {
      default: { agent: "command", command: [program, mark], limits: quick },
      hasty: { agent: "command", command: [program, mark], limits: { minutes: 0.2, idleMinutes: 2 } },
      honest: { agent: "command", command: [honestProgram], limits: quick },
    },
    limits: { total: 6, perRepository: 6 },
    sandbox: { driver, network: [], memoryMb: 512, pids: driver === "none" ? plentyOfProcesses : 64, diskMb: 256 },
  };
  const path = join(directory, "baton.yml");
  writeFileSync(path, `# ${note}\n${JSON.stringify(settings)}\n`);
  return path;
}

/** Asked twice: what arrived in between may have brought new work. */
async function settled(github: FakeGitHub, db: Db): Promise<void> {
  const quiet = async () => {
    await github.settled();
    const effects = await db.selectFrom("effect").select("id").where("state", "in", ["pending", "doing"]).execute();
    const runs = await db
      .selectFrom("run")
      .select("id")
      .where("state", "in", ["queued", "active", "cancelling"])
      .execute();
    return effects.length + runs.length === 0;
  };
  await until(async () => ((await quiet()) && (await quiet()) ? true : undefined), {
    what: "every run and effect",
    within: 240_000,
  });
}
