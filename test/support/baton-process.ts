import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { until } from "./until.ts";

/** Baton as an operator runs it: a process of its own, reached through its environment and its ports only. */
export interface BatonProcess {
  readonly url: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** SIGTERM (or another signal), then waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** A Baton that was started and may not be ready yet. */
export interface SpawnedBaton extends BatonProcess {
  readonly ready: Promise<void>;
  /** Sends a signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
}

export interface BatonSettings {
  readonly app: { readonly id: number; readonly privateKeyPem: string; readonly webhookSecret: string };
  /** `host:port` of the GitHub to talk to, over plain HTTP. */
  readonly githubHost: string;
  readonly dataDir: string;
  readonly configFile: string;
  /** Its log goes here. */
  readonly logFile: string;
  readonly databaseUrl?: string | undefined;
  /** Words after `start`. */
  readonly args?: readonly string[];
  /** What Node itself is told, before the program. */
  readonly nodeArgs?: readonly string[];
  /** Variables beside Baton's own. */
  readonly env?: Readonly<Record<string, string>>;
}

const project = resolve(import.meta.dirname, "../..");

/** Starts Baton and waits until it says it is ready. @throws Error with the end of its log when it ends first */
export async function startBaton(settings: BatonSettings): Promise<BatonProcess> {
  const baton = await spawnBaton(settings);
  await baton.ready;
  return baton;
}

/** Starts Baton; `ready` resolves when it says so, and rejects with the end of its log when it ends first. */
export async function spawnBaton(settings: BatonSettings): Promise<SpawnedBaton> {
  const port = await freePort();
  const log = openSync(settings.logFile, "a");
  const { nodeArgs = [], args = [] } = settings;
  const child = spawn(process.execPath, [...nodeArgs, join(project, "src/index.ts"), "start", ...args], {
    cwd: project,
    env: environment(settings, port),
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  const exited = once(child, "exit").then(([code]: (number | null)[]) => code ?? null);
  const ready = untilReady(child, url, settings.logFile);
  ready.catch(() => {}); // whoever kills it while it starts does not ask
  return {
    url,
    pid: child.pid ?? 0,
    logFile: settings.logFile,
    exited,
    ready,
    signal: (signal) => void child.kill(signal),
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      return exited;
    },
  };
}

function environment(settings: BatonSettings, port: number): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    APP_ID: String(settings.app.id),
    PRIVATE_KEY: Buffer.from(settings.app.privateKeyPem).toString("base64"),
    WEBHOOK_SECRET: settings.app.webhookSecret,
    GHE_HOST: settings.githubHost,
    GHE_PROTOCOL: "http",
    HOST: "127.0.0.1",
    PORT: String(port),
    DATA_DIR: settings.dataDir,
    BATON_CONFIG: settings.configFile,
    LOG_LEVEL: "info",
    ...(settings.databaseUrl === undefined ? {} : { DATABASE_URL: settings.databaseUrl }),
    ...settings.env,
  };
}

async function untilReady(child: ChildProcess, url: string, logFile: string): Promise<void> {
  const answer = await until(
    async () =>
      child.exitCode !== null || child.signalCode !== null
        ? "ended"
        : (await fetch(`${url}/readyz`).catch(() => undefined))?.ok
          ? "ready"
          : undefined,
    { what: "Baton to become ready", within: 60_000 },
  );
  if (answer === "ended")
    throw new Error(`Baton ended before it was ready:\n${readFileSync(logFile, "utf8").slice(-3000)}`);
}

/** A port nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port to be had");
  return address.port;
}
