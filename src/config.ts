import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { secretWeakness } from "./handlers/secret.ts";
import type { Limits } from "./orchestrator/domain/policy.ts";
import { readYaml } from "./yaml-file.ts";

/** The operator's settings: environment and baton.yml, checked (house.md §7). */
export interface Config {
  readonly github: {
    readonly appId: number;
    readonly privateKey: string;
    readonly webhookSecret: string;
    /** Host of a GitHub Enterprise Server; github.com when undefined. */
    readonly host: string | undefined;
    readonly protocol: "http" | "https";
  };
  /** Where to listen; a worker without `PORT` does not. */
  readonly server: { readonly host: string; readonly port: number } | undefined;
  /** An existing PostgreSQL; an embedded one is started when undefined. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Files that no agent may see, wherever its program lies. */
  readonly privateFiles: readonly string[];
  readonly logLevel: string;
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly limits: { readonly total: number; readonly perRepository: number };
  readonly sandbox: Sandbox;
  /** By `owner/name`, lower case. */
  readonly repositories: Readonly<Record<string, RepositorySettings>>;
}

/** Agent + limits under a name that labels and commands use. */
export interface Profile {
  readonly agent: "command";
  /** Program and arguments; the program is absolute and executable. The prompt arrives on its standard input. */
  readonly command: readonly string[];
  readonly limits: Limits;
}

export interface Sandbox {
  readonly driver: "srt" | "none";
  /** Hosts every agent may reach. */
  readonly network: readonly string[];
  readonly memoryMb: number;
  readonly pids: number;
  readonly diskMb: number;
}

export interface RepositorySettings {
  /** Directory whose files are copied into each workspace and never committed. */
  readonly files: string | undefined;
  /** Hosts this repository's runs may reach besides `sandbox.network`. */
  readonly network: readonly string[];
}

/** What a process does: everything, hear webhooks, or work. */
export type Role = "all" | "web" | "worker";

/** Everything that is missing or wrong, all at once, so that an operator mends it in one go. */
export class ConfigError extends Error {
  readonly code = "BAD_CONFIG";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Baton cannot start:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

const hosts = z.array(z.string().min(1).max(255)).max(200);
const limits = z
  .strictObject({
    minutes: z.number().positive().max(1440).default(45),
    idleMinutes: z.number().positive().max(1440).default(10),
  })
  .prefault({});

const fileSchema = z.strictObject({
  profiles: z
    .record(
      z.string().regex(/^[a-z0-9][a-z0-9-]{0,49}$/, "profile names are lower-case letters, digits and dashes"),
      z.strictObject({
        agent: z.literal("command", "this version drives `agent: command`; other agents come with their drivers"),
        command: z.array(z.string().min(1)).min(1, "name the program to start"),
        limits,
      }),
    )
    .refine((profiles) => "default" in profiles, "a profile named `default` is needed"),
  limits: z
    .strictObject({ total: z.int().min(1).max(1000).default(5), perRepository: z.int().min(1).max(1000).default(3) })
    .prefault({}),
  sandbox: z
    .strictObject({
      driver: z.enum(["srt", "none"]).default("srt"),
      network: hosts.default([]),
      memoryMb: z.int().min(64).default(4096),
      pids: z.int().min(16).default(512),
      diskMb: z.int().min(16).default(8192),
    })
    .prefault({}),
  repositories: z
    .record(
      z.string().regex(/^[^/\s]+\/[^/\s]+$/, "must be owner/name"),
      z.strictObject({ files: z.string().optional(), network: hosts.default([]) }),
    )
    .default({}),
});

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the operator's settings, as far as the role needs them: agents and their files are where workers are.
 *
 * @throws ConfigError naming every problem and its remedy
 */
export function loadConfig(env: Environment = process.env, role: Role = "all"): Config {
  const problems: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (cause) {
      problems.push(...(cause instanceof ConfigError ? cause.problems : [String(cause)]));
      return undefined;
    }
  };
  const github = attempt(() => readGitHub(env));
  const server = attempt(() => ({ host: env.HOST ?? "127.0.0.1", port: readPort(env.PORT) }));
  const databaseUrl = nonEmpty(env.DATABASE_URL);
  if (role === "web" && databaseUrl === undefined)
    problems.push("DATABASE_URL is not set: --role web shares a PostgreSQL with the workers");
  const configPath = resolve(env.BATON_CONFIG ?? "baton.yml");
  const file = attempt(() => readFile(configPath, role));
  if (problems.length > 0 || !github || !server || !file) throw new ConfigError(problems);
  return {
    github,
    server: role === "worker" && nonEmpty(env.PORT) === undefined ? undefined : server,
    databaseUrl,
    dataDir: resolve(nonEmpty(env.DATA_DIR) ?? (process.getuid?.() === 0 ? "/var/lib/baton" : "./data")),
    privateFiles: [resolve(".env"), configPath, ...(env.PRIVATE_KEY_PATH ? [resolve(env.PRIVATE_KEY_PATH)] : [])],
    logLevel: env.LOG_LEVEL ?? "info",
    ...file,
  };
}

function readGitHub(env: Environment): Config["github"] {
  const problems: string[] = [];
  const appId = Number(env.APP_ID);
  if (!env.APP_ID) problems.push("APP_ID is not set: it is the number on your GitHub App's settings page");
  else if (!Number.isSafeInteger(appId) || appId < 1) problems.push("APP_ID must be the App's number");
  const protocol = env.GHE_PROTOCOL ?? "https";
  if (protocol !== "https" && protocol !== "http") problems.push("GHE_PROTOCOL must be https or http");
  problems.push(...secretProblems(env.WEBHOOK_SECRET));
  let privateKey = "";
  try {
    privateKey = readPrivateKey(env);
  } catch (cause) {
    problems.push(cause instanceof Error ? cause.message : String(cause));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    appId,
    privateKey,
    webhookSecret: env.WEBHOOK_SECRET ?? "",
    host: nonEmpty(env.GHE_HOST),
    protocol: protocol === "http" ? "http" : "https",
  };
}

/** Probot falls back to `development` without a secret; a guessable secret is an open door (security.md T01). */
function secretProblems(secret: string | undefined): readonly string[] {
  const problem = secretWeakness(secret);
  return problem === undefined ? [] : [problem];
}

function readPrivateKey(env: Environment): string {
  const inline = nonEmpty(env.PRIVATE_KEY);
  const path = nonEmpty(env.PRIVATE_KEY_PATH);
  if (!inline && !path) {
    throw new Error("PRIVATE_KEY or PRIVATE_KEY_PATH is not set: generate a private key on the App's settings page");
  }
  const raw = inline ? inline.replaceAll("\\n", "\n") : readText(path ?? "", "PRIVATE_KEY_PATH");
  const pem = raw.includes("-----BEGIN") ? raw : Buffer.from(raw, "base64").toString("utf8");
  if (!pem.includes("PRIVATE KEY-----")) throw new Error("PRIVATE_KEY is neither PEM nor base64 of PEM");
  return pem;
}

function readPort(text: string | undefined): number {
  const port = Number(text ?? 3000);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new ConfigError(["PORT must be between 0 and 65535"]);
  return port;
}

function readFile(path: string, role: Role): Pick<Config, "profiles" | "limits" | "sandbox" | "repositories"> {
  let text: string;
  try {
    text = readText(path, "BATON_CONFIG");
  } catch (cause) {
    const remedy = "copy baton.example.yml to baton.yml, or set BATON_CONFIG";
    throw new ConfigError([`${cause instanceof Error ? cause.message : cause}: ${remedy}`]);
  }
  const read = readYaml(text, fileSchema);
  if (read.kind === "bad") throw new ConfigError(read.problems.map((problem) => `${path}: ${problem}`));
  const at = (name: string) => resolve(dirname(path), name);
  const problems: string[] = [];
  const profiles: Record<string, Profile> = {};
  for (const [name, profile] of Object.entries(read.value.profiles)) {
    const [program = "", ...args] = profile.command;
    const absolute = at(program);
    if (role !== "web" && !isExecutable(absolute)) {
      problems.push(`${path}: \`profiles.${name}.command\`: ${absolute} is not an executable file`);
    }
    profiles[name] = { ...profile, command: [absolute, ...args] };
  }
  const repositories: Record<string, RepositorySettings> = {};
  for (const [name, settings] of Object.entries(read.value.repositories)) {
    const files = settings.files === undefined ? undefined : at(settings.files);
    if (role !== "web" && files !== undefined && !isDirectory(files))
      problems.push(`${path}: \`repositories.${name}.files\`: ${files} is not a directory`);
    repositories[name.toLowerCase()] = { files, network: settings.network };
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { profiles, limits: read.value.limits, sandbox: read.value.sandbox, repositories };
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${name}: cannot read ${path}`, { cause });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text;
}
