import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import type { Scenario } from "../scenario.ts";
import type { Stage } from "./stage.ts";

/** What the scenario's own `expect.sh` says of a fresh clone of the pull request's branch. */
export interface Verdict {
  readonly ok: boolean;
  readonly output: string;
}

/** Clones the branch from the stand-in's bare repository and runs `expect.sh` in the clone. */
export async function judgeBranch(stage: Stage, scenario: Scenario, branch: string): Promise<Verdict> {
  const clone = join(stage.directory, "clone");
  const env = {
    PATH: [dirname(process.execPath), process.env.PATH].join(":"),
    HOME: stage.directory,
    npm_config_registry: stage.registry.url,
    npm_config_cache: join(stage.directory, "npm-cache"),
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    CI: "true",
  };
  const cloned = await run(["git", "clone", "--quiet", "--branch", branch, "--", stage.repository.directory, clone], {
    cwd: stage.directory,
    env,
  });
  if (cloned.code !== 0) return { ok: false, output: cloned.output };
  const judged = await run(["bash", scenario.expect], { cwd: clone, env });
  return { ok: judged.code === 0, output: judged.output };
}

async function run(
  command: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<{ code: number | null; output: string }> {
  const [program, ...args] = command;
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const [code] = await once(child, "close");
  return { code, output };
}
