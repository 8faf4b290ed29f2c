import { createRunner } from "./agent-runner/index.ts";
import { type Config, ConfigError, loadConfig } from "./config.ts";
import { createGitHub } from "./github/index.ts";

/** One thing Baton needs, and for one that is not well what helps. */
export interface Finding {
  readonly what: string;
  readonly state: "well" | "ill";
  /** What was found, or what to do. */
  readonly words: string;
}

/**
 * Looks whether Baton could work here: settings, sandbox, agents, GitHub. Changes nothing and starts no agent; asks
 * GitHub who we are and where we are installed.
 */
export async function examine(env?: Readonly<Record<string, string | undefined>>): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = loadConfig(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((words) => ({ what: "Settings", state: "ill", words }));
  }
  const runner = createRunner({ agentsDir: config.agentsDir });
  return [
    { what: "Settings", state: "well", words: `profiles: ${Object.keys(config.profiles).join(", ")}` },
    await sandboxOf(config, runner),
    ...(await agentsOf(config, runner)),
    await gitHubOf(config),
  ];
}

type Runner = ReturnType<typeof createRunner>;

async function sandboxOf({ sandbox }: Config, runner: Runner): Promise<Finding> {
  const { driver, memoryMb, pids, diskMb } = sandbox;
  if (driver === "none")
    return { what: "Sandbox", state: "ill", words: "driver none: agents can do here whatever Baton can. Use srt." };
  const probe = await runner.probe({ driver, limits: { memoryMb, pids, diskMb } });
  return probe.ok
    ? { what: "Sandbox", state: "well", words: `${driver} works` }
    : { what: "Sandbox", state: "ill", words: `missing: ${probe.missing.join(", ")}. ${probe.remedy}` };
}

async function agentsOf({ profiles }: Config, runner: Runner): Promise<readonly Finding[]> {
  const wanted = new Set<string>(Object.values(profiles).map(({ agent }) => agent));
  return (await runner.agents())
    .filter(({ agent }) => wanted.has(agent))
    .map((found): Finding => {
      const what = `Agent ${found.agent}`;
      if (found.state === "ready") return { what, state: "well", words: `version ${found.version}` };
      return { what, state: "ill", words: found.remedy };
    });
}

async function gitHubOf({ github }: Config): Promise<Finding> {
  try {
    const adapter = createGitHub(github);
    // First, because without an installation nobody tells us our own user.
    const installations = await adapter.listInstallations();
    if (installations.length === 0)
      return { what: "GitHub", state: "ill", words: "the key works, and the App is installed nowhere: install it" };
    const { slug } = await adapter.self();
    const accounts = installations.map(({ account, suspended }) => (suspended ? `${account} (suspended)` : account));
    return { what: "GitHub", state: "well", words: `we are ${slug}, installed at ${accounts.join(", ")}` };
  } catch (error) {
    return { what: "GitHub", state: "ill", words: error instanceof Error ? error.message : String(error) };
  }
}
