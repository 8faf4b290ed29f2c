import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type App, startApp } from "../../src/app.ts";
import type { Config } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { startBaton } from "./baton-process.ts";
import { shortIntervals } from "./database.ts";

/** A running Baton, wherever it runs. */
export interface Baton {
  readonly url: string;
  /** Of the process it runs in. */
  readonly pid: number;
  /** Log lines of level error and above. */
  errors(): readonly string[];
  /** Makes it compare with GitHub now. */
  reconcile(): ReturnType<App["reconcile"]>;
  /** Drains it. Resolves with the exit code. */
  stop(graceMs: number): Promise<number | null>;
  /** Ends it without a chance to tidy up. */
  kill(): Promise<void>;
  /** Ends it as fast as it goes, for the end of a test. */
  end(): Promise<void>;
}

/** Waits are fifty times shorter: what is tested is what is written, not GitHub's courtesy pause. */
const hastyClock = { now: () => Date.now(), sleep: (milliseconds: number) => pause(milliseconds / 50) };

/** Baton in this process, with short intervals. */
export async function startHere(config: Config): Promise<Baton> {
  const errors: string[] = [];
  const log = createLog("error", { write: (line: string) => void errors.push(line) });
  const app = await startApp(config, { log, queue: shortIntervals, clock: hastyClock });
  // Its first look around is over before the test begins: what the test does to webhooks is not set right at once.
  await app.reconcile();
  return {
    url: app.url,
    pid: process.pid,
    errors: () => errors,
    reconcile: () => app.reconcile(),
    async stop(graceMs) {
      await app.drain(graceMs);
      return 0;
    },
    kill: () => {
      throw new Error('only a Baton with a process of its own can be killed: buildWorld({ baton: "process" })');
    },
    end: () => app.drain(0),
  };
}

/** Baton as an operator runs it. Its settings go through the environment and a file, so that both are tried too. */
export async function startProcess(config: Config, directory: string): Promise<Baton> {
  const configFile = join(directory, "baton.yml");
  const { profiles, limits, sandbox } = config;
  writeFileSync(configFile, JSON.stringify({ profiles, limits, sandbox }));
  const logFile = join(directory, "baton.log");
  const baton = await startBaton({
    app: {
      id: config.github.appId,
      privateKeyPem: config.github.privateKey,
      webhookSecret: config.github.webhookSecret,
    },
    githubHost: config.github.host ?? "",
    dataDir: config.dataDir,
    configFile,
    logFile,
    databaseUrl: config.databaseUrl,
  });
  const kill = async () => {
    await baton.stop("SIGKILL");
  };
  return {
    url: baton.url,
    pid: baton.pid,
    errors: () => errorsIn(logFile),
    reconcile: () => {
      throw new Error("a Baton with a process of its own compares with GitHub when it starts");
    },
    stop: () => baton.stop(),
    kill,
    end: kill,
  };
}

function errorsIn(logFile: string): readonly string[] {
  if (!existsSync(logFile)) return [];
  const lines = readFileSync(logFile, "utf8").split("\n");
  return lines.filter((line) => line !== "" && !/^\{"level":(?:"(?:debug|info|warn)"|[1-4]\d),/.test(line));
}
