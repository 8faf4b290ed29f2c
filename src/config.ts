import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "./config-error.ts";
import { type FileSettings, type Role, readConfigFile, readText } from "./config-file.ts";
import { secretWeakness } from "./handlers/secret.ts";

export { ConfigError } from "./config-error.ts";
export type { ModelProvider, Profile, RepositorySettings, Role, Sandbox } from "./config-file.ts";

/** The operator's settings: environment and baton.yml, checked (house.md §7). */
export interface Config extends FileSettings {
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
  /** Where agents are installed (`npm run agents:install`). */
  readonly agentsDir: string;
}

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
  const file = attempt(() => readConfigFile(configPath, { role, env }));
  if (problems.length > 0 || !github || !server || !file) throw new ConfigError(problems);
  return {
    github,
    server: role === "worker" && nonEmpty(env.PORT) === undefined ? undefined : server,
    databaseUrl,
    dataDir: resolve(nonEmpty(env.DATA_DIR) ?? (process.getuid?.() === 0 ? "/var/lib/baton" : "./data")),
    privateFiles: [resolve(".env"), configPath, ...(env.PRIVATE_KEY_PATH ? [resolve(env.PRIVATE_KEY_PATH)] : [])],
    logLevel: env.LOG_LEVEL ?? "info",
    agentsDir: resolve(nonEmpty(env.AGENTS_DIR) ?? fileURLToPath(new URL("../.agents", import.meta.url))),
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

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text;
}
