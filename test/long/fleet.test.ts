import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BatonProcess, startBaton } from "../support/baton-process.ts";
import { testDatabases } from "../support/database.ts";
import { until } from "../support/until.ts";
import { buildWorld, fixingAgent, type World } from "../support/world.ts";

const databases = testDatabases();
const execFileAsync = promisify(execFile);
const main = resolve(import.meta.dirname, "../../src/index.ts");

/** From the moment a worker is gone until somebody else has its run (issue A2). */
const longestTakeoverMs = 35_000;

// A number of seconds that no other process of this machine sleeps.
const nap = 31_536_073;

/** Says where it works, again and again, until the test lets it go on. */
const talkingAgent = `sleep ${nap} &
while [ ! -e go ]; do echo "at work in $PWD"; sleep 0.2; done
rm go
kill $!
${fixingAgent}`;

describe("a fleet on one database", { timeout: 180_000 }, () => {
  it("takes over from a killed and from a frozen worker, and the frozen one writes nothing when it wakes up", async () => {
    const world = await buildWorld({ database: await databases.create(), agent: talkingAgent });
    await world.stop(0);
    const fleet = fleetOf(world);
    const web = await fleet.start("web", "web");
    world.github.connect(`${web.url}/api/github/webhooks`);

    const frozen = await fleet.start("frozen", "worker");
    expect((await fetch(`${frozen.url}/api/github/webhooks`, { method: "POST", body: "{}" })).status).toBe(404);
    const [talking, finishing, other] = [await world.issue(), await world.issue(), await world.issue()];
    for (const issue of [talking, finishing]) await fleet.getsToWork(issue, "frozen");
    process.kill(frozen.pid, "SIGSTOP");
    const frozenAt = Date.now();

    const killed = await fleet.start("killed", "worker");
    await fleet.getsToWork(other, "killed");
    await fleet.start("heir", "worker");
    await killed.stop("SIGKILL");
    const killedAt = Date.now();
    // Its agent goes on while the worker sleeps, and has ended with a change when that wakes up.
    fleet.release(finishing, "frozen");

    const taken = {
      frozen: [await fleet.takenOver(talking, frozenAt), await fleet.takenOver(finishing, frozenAt)],
      killed: [await fleet.takenOver(other, killedAt)],
    };
    for (const ms of [...taken.frozen, ...taken.killed]) expect(ms).toBeLessThan(longestTakeoverMs);
    process.stdout.write(`takeover after a freeze: ${taken.frozen} ms, after a kill: ${taken.killed} ms\n`);
    for (const issue of [talking, finishing, other]) await fleet.saysSomething(issue, "heir");
    const before = await fleet.linesFrom("frozen");
    expect(before).toBeGreaterThan(0);

    process.kill(frozen.pid, "SIGCONT");
    await fleet.logSays("frozen", /taken over/, 2);
    await until(() => (sleepers(nap) === 3 ? true : undefined), {
      what: "the agents of the past to end",
      within: 20_000,
    });
    expect(await fleet.linesFrom("frozen")).toBe(before);
    for (const issue of [talking, finishing, other]) {
      await world.statusIs(issue, /The agent is working/);
      fleet.release(issue, "heir");
    }
    await world.settled();

    const heads = world.github.pullRequests(world.repository).map(({ head }) => head);
    expect(heads.toSorted()).toEqual([talking, finishing, other].map((issue) => `agent/issue-${issue}`));
    for (const issue of [talking, finishing, other])
      expect(world.told(issue)).toEqual([expect.stringContaining("Ready for review")]);
    const pushes = world.github.requests.filter(({ route, status }) => route === "GIT receive-pack" && status === 200);
    expect(pushes).toHaveLength(3);
    expect((await world.runs()).map(({ state, worker }) => ({ state, worker }))).toEqual(
      Array.from({ length: 3 }, () => ({ state: "succeeded", worker: fleet.identity("heir") })),
    );
    expect(await fleet.linesFrom("frozen")).toBe(before);
    expect(sleepers(nap)).toBe(0);
    expect(readdirSync(join(fleet.dataDir("frozen"), "workspaces"))).toEqual([]);
    for (const name of ["web", "frozen", "heir"]) expect(await fleet.stop(name)).toBe(0);
    world.github.assertClean();
  });

  it("has each worker's name once", async () => {
    const world = await buildWorld({ database: await databases.create(), agent: talkingAgent });
    await world.stop(0);
    const fleet = fleetOf(world);
    await fleet.start("one", "worker");
    await expect(fleet.start("one", "worker")).rejects.toThrow(/Another Baton already works as .*DATA_DIR/s);
    const predecessor = fleet.stop("one");
    const successor = await fleet.start("one", "worker");
    expect(await predecessor).toBe(0);
    expect(await successor.stop()).toBe(0);
  });
});

describe("npm start -- --role", () => {
  it("explains itself when called wrongly", async () => {
    for (const args of [["start", "--role", "boss"], ["start", "--role"], ["start", "now"], ["--role", "web"], []]) {
      const { code, words } = await run(args, {});
      expect(code).toBe(2);
      expect(words).toContain("start [--role all|web|worker]");
    }
  });

  it("web says that it needs a database to share, and nothing about agents", async () => {
    const world = await buildWorld({ database: await databases.create() });
    await world.stop(0);
    const { code, words } = await run(["start", "--role=web"], fleetOf(world).environment());
    expect(code).toBe(1);
    expect(words).toBe(
      "Baton cannot start:\n  - DATABASE_URL is not set: --role web shares a PostgreSQL with the workers",
    );
  });
});

interface Fleet {
  start(name: string, role: "web" | "worker"): Promise<BatonProcess>;
  stop(name: string): Promise<number | null>;
  dataDir(name: string): string;
  identity(name: string): string;
  /** Labels the issue and waits until that worker's agent works on it. */
  getsToWork(issue: number, name: string): Promise<void>;
  release(issue: number, name: string): void;
  /** Waits until another worker than at `since` has the issue's run. Milliseconds from then until it had. */
  takenOver(issue: number, since: number): Promise<number>;
  /** Waits until the transcript has a line by that worker's agent. */
  saysSomething(issue: number, name: string): Promise<void>;
  /** Lines in all transcripts that came from that worker's agents. */
  linesFrom(name: string): Promise<number>;
  logSays(name: string, words: RegExp, times: number): Promise<void>;
  environment(): Readonly<Record<string, string>>;
}

/** Batons with processes and data directories of their own, on the world's database. All end with the test. */
function fleetOf(world: World): Fleet {
  const { config, directory, db } = world;
  const running = new Map<string, BatonProcess>();
  const configFile = join(directory, "fleet.yml");
  const { profiles, limits, sandbox } = config;
  writeFileSync(configFile, JSON.stringify({ profiles, limits, sandbox }));
  onTestFinished(async () => {
    for (const { pid } of running.values()) signalIfAlive(pid, "SIGCONT");
    await Promise.all([...running.values()].map((baton) => baton.stop("SIGKILL")));
  });
  const app = {
    id: config.github.appId,
    privateKeyPem: config.github.privateKey,
    webhookSecret: config.github.webhookSecret,
  };
  const dataDir = (name: string) => join(directory, name);
  const logFile = (name: string) => join(directory, `${name}.log`);
  const identity = (name: string) => `${hostname()}:${dataDir(name)}`;
  const task = (issue: number) => `${world.repository.id}-${issue}`;
  const runOf = (issue: number) =>
    db
      .selectFrom("run")
      .select(["id", "worker", "phase", "startedAt"])
      .where("taskId", "=", task(issue))
      .executeTakeFirst();
  const linesOf = async (name: string, run?: string) => {
    const lines = await db.selectFrom("runEvent").select(["runId", "data"]).where("kind", "=", "output").execute();
    return lines.filter(({ runId, data }) => String(data).includes(`${dataDir(name)}/`) && runId === (run ?? runId))
      .length;
  };
  return {
    async start(name, role) {
      mkdirSync(dataDir(name), { mode: 0o711, recursive: true });
      const baton = await startBaton({
        app,
        githubHost: config.github.host ?? "",
        dataDir: dataDir(name),
        configFile,
        logFile: logFile(name),
        databaseUrl: config.databaseUrl,
        args: ["--role", role],
      });
      running.set(name, baton);
      return baton;
    },
    stop: async (name) => (await running.get(name)?.stop()) ?? null,
    dataDir,
    identity,
    async getsToWork(issue, name) {
      await world.as("ann").labels(issue, "agent");
      await until(
        async () => {
          const run = await runOf(issue);
          return run?.worker === identity(name) && (await linesOf(name, run.id)) > 0 ? true : undefined;
        },
        { what: `${name} at work on #${issue}`, within: 30_000 },
      );
    },
    release: (issue, name) =>
      writeFileSync(join(dataDir(name), "workspaces", task(issue), "repo", "go"), "", { mode: 0o666 }),
    async takenOver(issue, since) {
      const startedAt = await until(
        async () => {
          const run = await runOf(issue);
          return run?.startedAt && run.startedAt.getTime() > since ? run.startedAt.getTime() : undefined;
        },
        { what: `a takeover of #${issue}`, within: 60_000 },
      );
      return startedAt - since;
    },
    async saysSomething(issue, name) {
      const run = await runOf(issue);
      const said = async () => ((await linesOf(name, run?.id)) > 0 ? true : undefined);
      await until(said, { what: `${name} at work on #${issue}`, within: 20_000 });
    },
    linesFrom: (name) => linesOf(name),
    async logSays(name, words, times) {
      const found = () =>
        readFileSync(logFile(name), "utf8")
          .split("\n")
          .filter((line) => words.test(line)).length;
      await until(() => (found() >= times ? true : undefined), { what: `${words} in ${name}'s log`, within: 20_000 });
    },
    environment: () => ({
      APP_ID: String(app.id),
      PRIVATE_KEY: Buffer.from(app.privateKeyPem).toString("base64"),
      WEBHOOK_SECRET: app.webhookSecret,
      BATON_CONFIG: configFile,
    }),
  };
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const ended = await execFileAsync(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, ...env },
  }).then(
    (done) => ({ ...done, code: 0 }),
    (failed: { stdout: string; stderr: string; code: number }) => failed,
  );
  return { code: ended.code, words: `${ended.stdout}${ended.stderr}`.trim() };
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

function sleepers(seconds: number): number {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && commandLine(entry) === `sleep\0${seconds}\0`)
    .length;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // gone in between
  }
}
