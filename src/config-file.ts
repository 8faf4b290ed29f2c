import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import type { Limits } from "./orchestrator/domain/policy.ts";
import { readYaml } from "./yaml-file.ts";

/** What a process does: everything, hear webhooks, or work. */
export type Role = "all" | "web" | "worker";

/** What baton.yml says, checked, with its paths made absolute and its providers' keys looked up. */
export interface FileSettings {
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly limits: { readonly total: number; readonly perRepository: number };
  readonly sandbox: Sandbox;
  /** By `owner/name`, lower case. */
  readonly repositories: Readonly<Record<string, RepositorySettings>>;
}

/** Agent, model and limits under a name that labels and commands use. */
export type Profile =
  /** The program is absolute and executable. The prompt arrives on its standard input. */
  | { readonly agent: "command"; readonly command: readonly string[]; readonly limits: Limits }
  | { readonly agent: "codex"; readonly provider: ModelProvider; readonly model: string; readonly limits: Limits };

/** Who answers an agent's model requests. Only the model gateway ever sees the key. */
export interface ModelProvider {
  readonly api: "openai-responses" | "openai-chat";
  readonly baseUrl: string;
  /** Undefined for a provider that wants none, and where nobody works (`--role web`). */
  readonly key: string | undefined;
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

const hosts = z.array(z.string().min(1).max(255)).max(200);
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,49}$/, "profile and provider names are lower-case letters, digits and dashes");
const limits = z
  .strictObject({
    minutes: z.number().positive().max(1440).default(45),
    idleMinutes: z.number().positive().max(1440).default(10),
    turns: z.int().min(1).max(100_000).default(80),
    tokens: z.int().min(1000).max(1_000_000_000).default(3_000_000),
  })
  .prefault({});

const profile = z.discriminatedUnion(
  "agent",
  [
    z.strictObject({
      agent: z.literal("command"),
      command: z.array(z.string().min(1)).min(1, "name the program to start"),
      limits,
    }),
    z.strictObject({
      agent: z.literal("codex"),
      provider: z.string().min(1, "name one of `providers`"),
      model: z.string().min(1).max(200),
      limits,
    }),
  ],
  "must be `command` or `codex`",
);

const provider = z.strictObject({
  api: z.enum(["openai-responses", "openai-chat"]),
  baseUrl: z.url({ protocol: /^https?$/, error: "must be an http or https address with the version, such as …/v1" }),
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "names an environment variable, it is not the key itself")
    .optional(),
});

const fileSchema = z.strictObject({
  providers: z.record(name, provider).default({}),
  profiles: z.record(name, profile).refine((profiles) => "default" in profiles, "a profile named `default` is needed"),
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

type FileShape = z.infer<typeof fileSchema>;

export interface Surroundings {
  /** Agents, their keys and their files are where workers are. */
  readonly role: Role;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads and checks baton.yml.
 *
 * @throws ConfigError naming every problem with its line, or with its key and the remedy
 */
export function readConfigFile(path: string, around: Surroundings): FileSettings {
  let text: string;
  try {
    text = readText(path, "BATON_CONFIG");
  } catch (cause) {
    const remedy = "copy baton.example.yml to baton.yml, or set BATON_CONFIG";
    throw new ConfigError([`${cause instanceof Error ? cause.message : cause}: ${remedy}`]);
  }
  const read = readYaml(text, fileSchema);
  if (read.kind === "bad") throw new ConfigError(read.problems.map((problem) => `${path}: ${problem}`));
  const problems: string[] = [];
  const reading = {
    ...around,
    file: read.value,
    directory: dirname(path),
    problem: (at: string, what: string) => {
      problems.push(`${path}: \`${at}\`: ${what}`);
    },
  };
  const settings = {
    profiles: profilesOf(reading),
    limits: read.value.limits,
    sandbox: read.value.sandbox,
    repositories: repositoriesOf(reading),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** A file's text. @throws Error naming the setting that led here */
export function readText(path: string, setting: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${setting}: cannot read ${path}`, { cause });
  }
}

interface Reading extends Surroundings {
  readonly file: FileShape;
  readonly directory: string;
  readonly problem: (at: string, what: string) => void;
}

function profilesOf(reading: Reading): Record<string, Profile> {
  const { file, directory, role, problem } = reading;
  const profiles: Record<string, Profile> = {};
  for (const [name, profile] of Object.entries(file.profiles)) {
    if (profile.agent === "command") {
      const [program = "", ...args] = profile.command;
      const absolute = resolve(directory, program);
      if (role !== "web" && !isExecutable(absolute))
        problem(`profiles.${name}.command`, `${absolute} is not an executable file`);
      profiles[name] = { ...profile, command: [absolute, ...args] };
    } else {
      const provider = providerOf(reading, { profile: name, agent: profile.agent, provider: profile.provider });
      if (provider) profiles[name] = { ...profile, provider };
    }
  }
  return profiles;
}

function providerOf(
  { file, role, env, problem }: Reading,
  wanted: { readonly profile: string; readonly agent: "codex"; readonly provider: string },
): ModelProvider | undefined {
  const at = `profiles.${wanted.profile}.provider`;
  const found = Object.hasOwn(file.providers, wanted.provider) ? file.providers[wanted.provider] : undefined;
  if (!found) {
    const known = Object.keys(file.providers);
    problem(
      at,
      `${wanted.provider} is not one of \`providers\`${known.length > 0 ? ` (${known.join(", ")})` : ", which is empty"}`,
    );
    return undefined;
  }
  if (found.api !== "openai-responses") {
    problem(at, `${wanted.agent} speaks openai-responses, and ${wanted.provider} is ${found.api}`);
    return undefined;
  }
  const { api, baseUrl, keyEnv } = found;
  const key = keyEnv === undefined ? undefined : env[keyEnv]?.trim();
  if (keyEnv !== undefined && !key && role !== "web")
    problem(`providers.${wanted.provider}.keyEnv`, `${keyEnv} is not set: put the provider's key into that variable`);
  return { api, baseUrl: baseUrl.replace(/\/+$/, ""), key: key === "" ? undefined : key };
}

function repositoriesOf({ file, directory, role, problem }: Reading): Record<string, RepositorySettings> {
  const repositories: Record<string, RepositorySettings> = {};
  for (const [name, settings] of Object.entries(file.repositories)) {
    const files = settings.files === undefined ? undefined : resolve(directory, settings.files);
    if (role !== "web" && files !== undefined && !isDirectory(files))
      problem(`repositories.${name}.files`, `${files} is not a directory`);
    repositories[name.toLowerCase()] = { files, network: settings.network };
  }
  return repositories;
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
