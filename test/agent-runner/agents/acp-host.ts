import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AgentEvent, createRunner, type RunOutcome, type RunRequest } from "../../../src/agent-runner/index.ts";
import { type ModelServer, type ModelServerOptions, openModelServer } from "../../support/model-server/index.ts";
import { openHost } from "../host.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url));
const script = "codex/node_modules/@agentclientprotocol/codex-acp/dist/index.js";

/** Outcome of a run with everything that was heard of it. */
export interface AcpRan {
  readonly outcome: RunOutcome;
  readonly events: readonly AgentEvent[];
  readonly batches: readonly (readonly AgentEvent[])[];
  readonly output: string;
  readonly warnings: readonly string[];
}

export interface AcpHostOptions {
  readonly model?: ModelServerOptions;
  /** Directory with installed agents; a small agent of the test's own stands for codex where it is left out. */
  readonly agentsDir?: string;
  /** Files of the repository. */
  readonly files?: Readonly<Record<string, string>>;
}

export const realKey = "sk-real-key-of-the-operator-0123456789";

/** A host with a scripted model, and agents that speak the protocol. */
export async function openAcpHost(options: AcpHostOptions = {}) {
  const host = openHost(options.files);
  const model = await openModelServer(options.model ?? { script: { scripts: [{ turns: [{ done: "Done." }] }] } });
  const agentsDir = options.agentsDir ?? installSmallAgent(host.dir);
  const warnings: string[] = [];
  const runner = createRunner({ agentsDir, onWarning: (message) => warnings.push(message) });

  const run = async (prompt: string, changes: Partial<RunRequest> = {}, signal?: AbortSignal): Promise<AcpRan> => {
    const batches: (readonly AgentEvent[])[] = [];
    const lines: string[] = [];
    const request: RunRequest = {
      ...host.workspace,
      agent: choiceOf(model),
      network: [],
      prompt,
      context: [],
      limits: { minutes: 1, idleMinutes: 1 },
      ...changes,
    };
    const outcome = await runner.run(request, {
      signal: signal ?? new AbortController().signal,
      onPhase: () => {},
      onOutput: (batch) => lines.push(...batch),
      onEvents: (batch) => batches.push(batch),
    });
    return { outcome, events: batches.flat(), batches, output: lines.join("\n"), warnings };
  };

  const close = async () => {
    await runner.close();
    await model.close();
    host.close();
  };
  return { ...host, run, model, runner, agentsDir, close };
}

export type AcpHost = Awaited<ReturnType<typeof openAcpHost>>;

/** Codex against a model server, with room for a small task. */
export function choiceOf(model: ModelServer, caps = { requests: 20, tokens: 1_000_000 }): RunRequest["agent"] {
  const provider = { api: "openai-responses", baseUrl: model.baseUrl, key: realKey } as const;
  return { kind: "acp", profile: "codex", model: { provider, name: "gpt-test" }, caps };
}

/** Puts the fixture where the runner looks for codex, and the lockfile that says it is the right one. */
function installSmallAgent(dir: string): string {
  const agentsDir = join(dir, "agents");
  mkdirSync(join(agentsDir, "codex"), { recursive: true });
  cpSync(join(project, "agents/codex/package-lock.json"), join(agentsDir, "codex/package-lock.json"));
  cpSync(join(project, "test/fixtures/agents/acp-agent.mjs"), join(agentsDir, script));
  return agentsDir;
}
