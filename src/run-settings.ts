import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config, Profile } from "./config.ts";
import type { Repository } from "./orchestrator/domain/task.ts";
import type { Agent, RunSettings } from "./orchestrator/run-ports.ts";

/** The operator's settings for one run: profile, network, provided files and what must never be published. */
export function runSettings(config: Config, repository: Repository, profileName: string): RunSettings | undefined {
  const profile = config.profiles[profileName];
  if (!profile) return undefined;
  const { driver, memoryMb, pids, diskMb } = config.sandbox;
  const files = config.repositories[keyOf(repository)]?.files;
  return {
    agent: agentOf(profile),
    limits: profile.limits,
    network: allowedHosts(config, repository),
    files,
    box: { driver, limits: { memoryMb, pids, diskMb } },
    secrets: [...appSecrets(config), ...modelKeys(config), ...(files === undefined ? [] : secretsIn(files))],
  };
}

/** Hosts this repository's runs may reach. */
export function allowedHosts(config: Config, repository: Repository): readonly string[] {
  return [...new Set([...config.sandbox.network, ...(config.repositories[keyOf(repository)]?.network ?? [])])];
}

function keyOf(repository: Repository): string {
  return `${repository.owner}/${repository.name}`.toLowerCase();
}

function agentOf(profile: Profile): Agent {
  if (profile.agent === "command") return { kind: "command", command: profile.command };
  const { provider, model } = profile;
  return { kind: "acp", profile: profile.agent, model: { provider, name: model } };
}

/** Of all profiles: a key must not come out anywhere, whoever it was meant for. */
function modelKeys({ profiles }: Config): readonly string[] {
  const keys = Object.values(profiles).map((each) => (each.agent === "command" ? undefined : each.provider.key));
  return [...new Set(keys.filter((key) => key !== undefined))];
}

function appSecrets(config: Config): readonly string[] {
  const keyLines = config.github.privateKey
    .split("\n")
    .filter((line) => line.length >= 40 && !line.startsWith("-----"));
  return [config.github.webhookSecret, ...keyLines];
}

/**
 * Values in the operator's provided files that look like secrets: long enough to be one, and not an address. They are
 * searched for in everything that would be published (security.md T32).
 */
function secretsIn(directory: string): readonly string[] {
  const found = new Set<string>();
  for (const path of filesBelow(directory)) {
    if (statSync(path).size > 64 * 1024) continue;
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const value = line
        .replace(/^[^=:]*[=:]\s*/, "")
        .replaceAll(/^["']|["'],?\s*$/g, "")
        .trim();
      if (value.length >= 12 && !/^https?:\/\/[^@]*$/.test(value)) found.add(value);
    }
  }
  return [...found];
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
