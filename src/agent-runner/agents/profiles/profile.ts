import type { ModelApi } from "../../gateway/types.ts";
import type { ContextFile, ProfileName } from "../../types.ts";

/** How one agent that speaks the Agent Client Protocol is started. */
export interface Profile {
  readonly name: ProfileName;
  /** The protocol it speaks with its provider. */
  readonly api: ModelApi;
  /** Its script for Node.js, below the directory it is installed in. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env: (start: Start) => Readonly<Record<string, string>>;
  readonly files: (start: Start) => readonly ContextFile[];
  /** The clone, in the spelling the agent is told. */
  readonly cwd: (start: Start) => string;
  /** A request of its own kind, once a session is open and before the prompt. That it is refused does no harm. */
  readonly greeting?: (sessionId: string) => { readonly method: string; readonly params: object };
  /** What we can do besides the protocol, as it is told at the beginning. */
  readonly clientMeta: Readonly<Record<string, unknown>>;
}

/** What a profile is filled with for one run. */
export interface Start {
  /** Directory of the agent's own: its files lie here, and it may write here. */
  readonly home: string;
  /** The clone. */
  readonly repo: string;
  /** The model gateway's address for this run, and the token that stands for the key. */
  readonly baseUrl: string;
  readonly token: string;
  readonly model: string;
}
