import { defaultAgentsDir, statesOfAgents } from "./agents/installed.ts";
import { openGateway } from "./gateway/gateway.ts";
import type { Gateway } from "./gateway/types.ts";
import { probeSandbox } from "./probe.ts";
import { runAgent } from "./run.ts";
import { removeLeftBox } from "./sandbox/place.ts";
import type {
  AgentState,
  Box,
  ProbeResult,
  RunListener,
  RunOutcome,
  RunRequest,
  VerifyOutcome,
  VerifyRequest,
} from "./types.ts";
import { verifyTree } from "./verify.ts";
import { removeTrees } from "./workspace/remove.ts";

export type { Gateway, ModelApi, ModelCaps, ModelUsage, Provider } from "./gateway/types.ts";
export { redactor } from "./redact.ts";
export { type FeedbackRound, renderFeedbackPrompt } from "./render-feedback-prompt.ts";
export { type PromptParts, renderImplementPrompt } from "./render-prompt.ts";
export type * from "./types.ts";

export interface RunnerOptions {
  /** Host paths no agent may see even where its program lies beside them: data directory, settings, keys. */
  readonly hidden?: readonly string[];
  /** Told about what went wrong without changing an outcome. */
  readonly onWarning?: (message: string) => void;
  /** Where agents are installed: `.agents` of this checkout unless said otherwise. */
  readonly agentsDir?: string;
  /** Stands between agents and their providers. The runner opens one of its own when the first agent needs it. */
  readonly gateway?: Gateway;
}

export interface AgentRunner {
  /** Runs a tiny command in a real sandbox. Not `ok` means: do not run agents. */
  readonly probe: (box: Box) => Promise<ProbeResult>;
  readonly run: (request: RunRequest, listener: RunListener) => Promise<RunOutcome>;
  readonly verify: (request: VerifyRequest, watch: { readonly signal: AbortSignal }) => Promise<VerifyOutcome>;
  /** Removes a task's workspace with its outbox. Not while a run is using it. */
  readonly cleanUp: (root: string) => Promise<void>;
  /** Whether each agent we know is installed as this version wants it. For `doctor`. */
  readonly agents: () => Promise<readonly AgentState[]>;
  /** Closes the gateway, if the runner opened one. Not while runs go on. */
  readonly close: () => Promise<void>;
}

/** Makes the agent runner: a RunRequest in, a RunOutcome out. Expected ends are values; only surprises are thrown. */
export function createRunner(options: RunnerOptions = {}): AgentRunner {
  const gateway = gatewayWhenNeeded(options.gateway);
  const around = {
    hidden: options.hidden ?? [],
    onWarning: options.onWarning ?? (() => {}),
    agentsDir: options.agentsDir ?? defaultAgentsDir,
    gateway: gateway.get,
  };
  return {
    probe: (box) => probeSandbox(box, around.onWarning),
    run: (request, listener) => runAgent(request, listener, around),
    verify: (request, { signal }) => verifyTree(request, signal, around),
    cleanUp: async (root) => {
      await removeTrees([root]);
      await removeLeftBox(root);
    },
    agents: () => statesOfAgents(around.agentsDir),
    close: gateway.close,
  };
}

function gatewayWhenNeeded(given: Gateway | undefined) {
  let own: Promise<Gateway> | undefined;
  return {
    get: async (): Promise<Gateway> => {
      if (given !== undefined) return given;
      own ??= openGateway();
      // One that cannot listen today may tomorrow.
      own.catch(() => {
        own = undefined;
      });
      return own;
    },
    close: async () => {
      if (given === undefined) await (await own)?.close();
    },
  };
}
