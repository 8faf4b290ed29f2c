import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { spawnBaton } from "../test/support/baton-process.ts";
import type { AppIdentity } from "../test/support/fake-github/index.ts";
import type { Front } from "./front.ts";

/** What a process of a fleet does; `all` is a Baton on its own. */
export type Role = "all" | "web" | "worker";

export interface CrewOrder {
  readonly roles: readonly Role[];
  readonly directory: string;
  readonly configFile: string;
  readonly app: AppIdentity;
  readonly githubHost: string;
  /** None: each member brings its own embedded server. */
  readonly databaseUrl: string | undefined;
  readonly front: Front;
  /** Name of a planted fault. */
  readonly fault: string | undefined;
}

/** One Baton process, whichever start of it runs. */
export interface Member {
  readonly name: string;
  readonly role: Role;
  readonly logFile: string;
  dataDir: string;
  process: Promise<Running> | undefined;
}

type Running = Awaited<ReturnType<typeof spawnBaton>>;

/** The Batons of one world. */
export interface Crew {
  readonly members: readonly Member[];
  /** How processes ended by themselves, which they never should once they are ready. */
  readonly deaths: readonly string[];
  /** Starts a member that does not run; resolves when there is a process, which is long before it is ready. */
  start(member: Member): Promise<void>;
  /** `kill -9`, and waits until the process is gone. */
  kill(member: Member): Promise<void>;
  /** The machine of a dead member is gone for good; another one takes its place. */
  replace(member: Member): void;
  /** Stops a member in the middle of whatever it does (`SIGSTOP`), until `wakeAll`. */
  freeze(member: Member): Promise<void>;
  wakeAll(): Promise<void>;
  /** Starts who does not run and waits until everybody is ready. */
  allReady(): Promise<void>;
  pids(): Promise<readonly number[]>;
  end(): Promise<void>;
}

const preload = pathToFileURL(join(import.meta.dirname, "break.ts")).href;

/** Each member has a data directory of its own, as machines have. */
export function createCrew(order: CrewOrder): Crew {
  let machines = 0;
  const newMachine = (): string => {
    machines += 1;
    const dataDir = join(order.directory, `data-${machines}`);
    mkdirSync(dataDir, { mode: 0o711 });
    return dataDir;
  };
  const members = order.roles.map((role, index): Member => {
    const name = `${role}-${index + 1}`;
    return { name, role, dataDir: newMachine(), logFile: join(order.directory, `${name}.log`), process: undefined };
  });

  const deaths: string[] = [];

  async function serve(): Promise<void> {
    const heard = members.filter(({ role }) => role !== "worker");
    const running = await Promise.all(heard.map(({ process }) => process));
    order.front.serve(running.flatMap((each) => (each ? [Number(new URL(each.url).port)] : [])));
  }

  async function start(member: Member): Promise<void> {
    const { fault } = order;
    const starting = spawnBaton({
      app: order.app,
      githubHost: order.githubHost,
      dataDir: member.dataDir,
      configFile: order.configFile,
      logFile: member.logFile,
      databaseUrl: order.databaseUrl,
      args: member.role === "all" ? [] : ["--role", member.role],
      ...(fault === undefined ? {} : { nodeArgs: ["--import", preload], env: { TORTURE_BREAK: fault } }),
    });
    member.process = starting;
    const running = await starting;
    let isReady = false;
    running.ready.then(
      () => {
        isReady = true;
      },
      () => {},
    );
    void running.exited.then(() => {
      if (member.process !== starting) return; // we killed it
      member.process = undefined;
      // Before it is ready it may give up, when GitHub or the database is away: whoever started it tries again.
      if (isReady) deaths.push(`${member.name} ended by itself: ${lastLine(member.logFile)}`);
    });
    await serve();
  }

  async function kill(member: Member): Promise<void> {
    const running = await member.process;
    member.process = undefined;
    await running?.stop("SIGKILL");
    await serve();
  }

  /** Tries again when one gives up. */
  async function ready(member: Member): Promise<void> {
    for (let tries = 1; ; tries++) {
      if (member.process === undefined) await start(member);
      const isReady = await (await member.process)?.ready.then(
        () => true,
        () => false,
      );
      if (isReady) return;
      if (tries === 5) throw new Error(`${member.name} does not start: ${lastLine(member.logFile)}`);
    }
  }

  return {
    members,
    deaths,
    start,
    kill,
    async allReady() {
      await Promise.all(members.map(ready));
    },
    replace(member) {
      member.dataDir = newMachine();
    },
    async freeze(member) {
      (await member.process)?.signal("SIGSTOP");
    },
    async wakeAll() {
      for (const { process } of members) (await process)?.signal("SIGCONT");
    },
    pids: async () => (await Promise.all(members.map(({ process }) => process))).flatMap((each) => each?.pid ?? []),
    async end() {
      await Promise.all(members.map(kill));
    },
  };
}

function lastLine(logFile: string): string {
  return readFileSync(logFile, "utf8").trimEnd().split("\n").at(-1)?.slice(0, 500) ?? "";
}
