import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type BatonProcess, startBaton } from "../baton-process.ts";
import { startFakeGitHub } from "../fake-github/index.ts";
import { openModelServer } from "../model-server/index.ts";
import { type PackageRegistry, startPackageRegistry } from "../package-registry.ts";
import { agentCommand, agentYmlWith, type Scenario } from "../scenario.ts";
import { cast } from "./cast.ts";
import { agentsDir, type DemoAgent } from "./choose-agent.ts";

type FakeGitHub = Awaited<ReturnType<typeof startFakeGitHub>>;
type FakeRepository = Awaited<ReturnType<FakeGitHub["createRepository"]>>;

/** Everything the demo plays on. */
export interface Stage {
  readonly directory: string;
  readonly github: FakeGitHub;
  readonly repository: FakeRepository;
  readonly registry: PackageRegistry;
  readonly baton: BatonProcess;
  /** The trigger label that the scenario's policy names. */
  readonly label: string;
  readonly agent: DemoAgent;
  strike(): Promise<void>;
}

/** Builds the world of a scenario on loopback: GitHub's stand-in, a package registry, and Baton as a child process. */
export async function setStage(scenario: Scenario, project: string, agent: DemoAgent): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), "baton-demo-"));
  // Baton's database and sandbox run as other users when started by root: they must be able to pass through.
  await chmod(directory, 0o711);
  const github = await startFakeGitHub({ directory: join(directory, "github") });
  const registry = await startPackageRegistry({
    from: join(project, "node_modules"),
    lockfile: lockfileOf(scenario, project),
  });
  const agentYml = agentYmlWith(registry.host, scenario);
  const repository = await github.createRepository({
    owner: "acme",
    name: "shop",
    private: false,
    files: scenario.repositoryDir,
    people: { [cast.requester]: "write", [cast.reviewer]: "write", [cast.reporter]: "read" },
  });
  await github
    .as(cast.requester)
    .on(repository)
    .silently.pushes("main", { ".github/agent.yml": agentYml }, "Let Baton work here");
  const provider = await openProvider(agent, scenario);
  const profile = provider?.profile ?? (await commandProfile(scenario, directory));
  const configFile = await writeConfig(directory, {
    registry,
    agentYml,
    profile,
    providers: provider?.providers ?? {},
  });
  const baton = await startBaton({
    app: github.app,
    githubHost: github.host,
    dataDir: join(directory, "data"),
    configFile,
    logFile: join(directory, "baton.log"),
    env: { AGENTS_DIR: agentsDir(project), ...provider?.env },
  });
  github.connect(`${baton.url}/api/github/webhooks`);
  return {
    directory,
    github,
    repository,
    registry,
    baton,
    label: labelOf(agentYml),
    agent,
    async strike() {
      await baton.stop();
      await github.close();
      await registry.close();
      await provider?.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A profile as baton.yml has it. */
type ProfileYaml = Readonly<Record<string, unknown>>;

async function commandProfile(scenario: Scenario, directory: string): Promise<ProfileYaml> {
  return { agent: "command", command: [...(await agentCommand(scenario, directory))], limits };
}

const limits = { minutes: 10, idleMinutes: 5 };

/** Who answers a real agent's model requests, and how Baton is told. Undefined for a program that asks nobody. */
async function openProvider(agent: DemoAgent, scenario: Scenario) {
  if (agent.kind === "command") return undefined;
  if (agent.model === "live") {
    return {
      providers: { demo: { api: "openai-responses", baseUrl: "https://api.openai.com/v1", keyEnv: "OPENAI_API_KEY" } },
      profile: { agent: "codex", provider: "demo", model: agent.name, limits },
      env: { OPENAI_API_KEY: process.env.OPENAI_API_KEY ?? "" },
      close: async () => {},
    };
  }
  const server = await openModelServer({ script: scenario.model ?? "" });
  return {
    providers: { demo: { api: "openai-responses", baseUrl: server.baseUrl, keyEnv: "DEMO_MODEL_KEY" } },
    profile: { agent: "codex", provider: "demo", model: "scripted", limits },
    env: { DEMO_MODEL_KEY: randomBytes(16).toString("hex") },
    close: () => server.close(),
  };
}

async function writeConfig(
  directory: string,
  world: {
    readonly registry: PackageRegistry;
    readonly agentYml: string;
    readonly profile: ProfileYaml;
    readonly providers: object;
  },
): Promise<string> {
  const { profile, providers } = world;
  const files = join(directory, "files");
  await mkdir(files, { recursive: true });
  await mkdir(join(directory, "data"), { mode: 0o711 });
  await writeFile(join(files, ".npmrc"), world.registry.npmrc);
  const policy: { profile?: string; setup?: { network?: string[] } } = parse(world.agentYml) ?? {};
  const config = {
    providers,
    profiles: { default: profile, ...(policy.profile ? { [policy.profile]: profile } : {}) },
    repositories: {
      "acme/shop": { files, network: [...new Set([world.registry.host, ...(policy.setup?.network ?? [])])] },
    },
  };
  const path = join(directory, "baton.yml");
  await writeFile(path, stringify(config));
  return path;
}

function lockfileOf(scenario: Scenario, project: string): string {
  const own = join(scenario.repositoryDir, "package-lock.json");
  return existsSync(own) ? own : join(project, "package-lock.json");
}

function labelOf(agentYml: string): string {
  const policy: { label?: string } = parse(agentYml) ?? {};
  return policy.label ?? "agent";
}
