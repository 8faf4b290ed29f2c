import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { AgentState, ProfileName } from "../types.ts";
import { profiles } from "./profiles/index.ts";

/** Where `npm run agents:install` puts agents unless told otherwise. */
export const defaultAgentsDir = fileURLToPath(new URL("../../../.agents", import.meta.url));

/** What is to be installed, exactly: `package.json` and `package-lock.json` of each agent. */
const manifestsDir = fileURLToPath(new URL("../../../agents", import.meta.url));

const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });

/**
 * Looks whether an agent is installed as its manifest wants it. The lockfile that was installed is kept beside the
 * packages, so one comparison covers every version in it.
 */
export async function stateOf(agent: ProfileName, agentsDir: string): Promise<AgentState> {
  const dir = join(agentsDir, agent);
  const [wanted, found, program] = await Promise.all([
    readFile(join(manifestsDir, agent, "package-lock.json"), "utf8"),
    readFile(join(dir, "package-lock.json"), "utf8").catch(() => undefined),
    access(join(dir, profiles[agent].script)).then(
      () => true,
      () => undefined,
    ),
  ]);
  const install = `npm run agents:install ${agent}`;
  if (found === undefined || program === undefined) {
    return { agent, state: "missing", remedy: `The agent \`${agent}\` is not installed. Run: ${install}` };
  }
  if (found !== wanted) {
    return {
      agent,
      state: "wrong_version",
      remedy: `The agent \`${agent}\` is installed in another version than this Baton wants. Run: ${install}`,
    };
  }
  return { agent, state: "ready", version: await versionsOf(agent) };
}

/** The state of every agent we have a profile for. */
export async function statesOfAgents(agentsDir: string): Promise<readonly AgentState[]> {
  return Promise.all(Object.values(profiles).map(({ name }) => stateOf(name, agentsDir)));
}

/** `codex-acp 2.6.0, codex 0.166.0`: what the manifest pins. */
async function versionsOf(agent: ProfileName): Promise<string> {
  const text = await readFile(join(manifestsDir, agent, "package.json"), "utf8");
  const { dependencies } = manifestSchema.parse(JSON.parse(text));
  return Object.entries(dependencies)
    .map(([name, version]) => `${name.slice(name.indexOf("/") + 1)} ${version}`)
    .join(", ");
}
