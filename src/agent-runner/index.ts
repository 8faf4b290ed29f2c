import { probeSandbox } from "./probe.ts";
import { runAgent } from "./run.ts";
import { removeLeftBox } from "./sandbox/box.ts";
import type { Box, ProbeResult, RunListener, RunOutcome, RunRequest, VerifyOutcome, VerifyRequest } from "./types.ts";
import { verifyTree } from "./verify.ts";
import { removeTrees } from "./workspace/remove.ts";

export { redactor } from "./redact.ts";
export { type PromptParts, renderImplementPrompt } from "./render-prompt.ts";
export type * from "./types.ts";

export interface RunnerOptions {
  /** Host paths no agent may see even where its program lies beside them: data directory, settings, keys. */
  readonly hidden?: readonly string[];
  /** Told about what went wrong without changing an outcome. */
  readonly onWarning?: (message: string) => void;
}

export interface AgentRunner {
  /** Runs a tiny command in a real sandbox. Not `ok` means: do not run agents. */
  readonly probe: (box: Box) => Promise<ProbeResult>;
  readonly run: (request: RunRequest, listener: RunListener) => Promise<RunOutcome>;
  readonly verify: (request: VerifyRequest, watch: { readonly signal: AbortSignal }) => Promise<VerifyOutcome>;
  /** Removes a task's workspace with its outbox. Not while a run is using it. */
  readonly cleanUp: (root: string) => Promise<void>;
}

/** Makes the agent runner: a RunRequest in, a RunOutcome out. Expected ends are values; only surprises are thrown. */
export function createRunner(options: RunnerOptions = {}): AgentRunner {
  const around = { hidden: options.hidden ?? [], onWarning: options.onWarning ?? (() => {}) };
  return {
    probe: (box) => probeSandbox(box, around.onWarning),
    run: (request, listener) => runAgent(request, listener, around),
    verify: (request, { signal }) => verifyTree(request, signal, around),
    cleanUp: async (root) => {
      await removeTrees([root]);
      await removeLeftBox(root);
    },
  };
}
