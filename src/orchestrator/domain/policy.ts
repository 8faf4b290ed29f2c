/**
 * What a repository asks for (`.github/agent.yml` on its default branch), after defaults were filled in and the
 * operator's limits applied. Parsed and checked in `config.ts`; here it is plain data.
 */
export interface Policy {
  /** The trigger label; `<label>:<profile>` starts with a named profile. */
  readonly label: string;
  readonly profile: string;
  /** Branch to start from and to open the pull request against. */
  readonly base: string;
  /** Pattern for branch names; `{number}` is the issue number. */
  readonly branch: string;
  readonly setup: { readonly run: readonly string[]; readonly network: readonly string[] };
  readonly verify: { readonly run: readonly string[]; readonly attempts: number };
  /** Said first in every prompt. Empty when the repository has none. */
  readonly rules: string;
  readonly pullRequest: { readonly draft: boolean; readonly title: string };
  readonly protect: {
    readonly deny: readonly string[];
    readonly hold: readonly string[];
    readonly flag: readonly string[];
  };
  readonly review: ReviewRules;
  /** What the repository lowers; the profile's limits stand for the rest. */
  readonly limits: Partial<Limits>;
}

/** When feedback starts a round, and what becomes of the threads (product.md §4). */
export interface ReviewRules {
  readonly trigger: "any" | "changes_requested" | "command";
  /** Bots by login; `comments`: what they write in the conversation counts too. */
  readonly bots: "all" | "none" | readonly { readonly login: string; readonly comments: boolean }[];
  /** Rounds started by bots alone, for the whole pull request. */
  readonly botRounds: number;
  /** Rounds without a human word. */
  readonly rounds: number;
  readonly resolve: "bots" | "all" | "none";
  readonly quietSeconds: number;
}

/** Bounds of one run. A repository may lower its profile's limits, never raise them. */
export interface Limits {
  /** Wall clock of the agent, in minutes. */
  readonly minutes: number;
  /** Longest silence of the agent, in minutes. */
  readonly idleMinutes: number;
  /** Requests an agent may make of its model. Agents without a gateway are not bound by it. */
  readonly turns: number;
  /** Tokens in and out. Likewise. */
  readonly tokens: number;
}
