import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemPath } from "../sandbox/box.ts";
import type { CommandLimits, SandboxCommand } from "../sandbox/protocol.ts";
import { nodeReads } from "../sandbox/reads.ts";
import type { Box, Source } from "../types.ts";
import type { Workspace } from "./make.ts";

const prepareScript = readFileSync(new URL("./prepare.sh", import.meta.url), "utf8");
const exportScript = readFileSync(new URL("./export.sh", import.meta.url), "utf8");

/** Everything the commands of one workspace have in common. */
export interface Bench {
  readonly source: Source;
  readonly workspace: Workspace;
  readonly box: Box;
}

/** Largest bundle we take over. The gate's own limits are far below it. */
export const bundleMb = 64;
const ownStepMs = 5 * 60_000;

/** Puts the base commit and the operator's files into the empty work tree. */
export function prepareCommand(bench: Bench): SandboxCommand {
  const { layout, providedPaths } = bench.workspace;
  const provided = providedPaths.length > 0;
  return {
    ...ownStep(bench, prepareScript, {
      SHA: bench.source.sha,
      BRANCH: bench.source.branch,
      PROVIDED: provided ? layout.provided : "",
    }),
    cwd: layout.repo,
    read: [...bench.source.objectDirs, ...(provided ? [layout.provided] : [])],
    write: [layout.repo, layout.exporter],
  };
}

/** Makes the bundle. Sees the work tree read-only and has no network; its writes go to a directory of its own. */
export function exportCommand(bench: Bench, providedList: string): SandboxCommand {
  const { layout } = bench.workspace;
  const order = ownStep(bench, exportScript, {
    BASE: bench.source.base,
    REPO: layout.repo,
    PROVIDED_LIST: providedList,
  });
  return {
    ...order,
    cwd: layout.exporter,
    read: [...bench.source.objectDirs, layout.repo],
    write: [layout.exporter],
    limits: { ...order.limits, fileMb: bundleMb },
  };
}

export interface ForeignOrder {
  readonly argv: readonly [string, ...string[]];
  readonly stdin: string;
  readonly network: readonly string[];
  readonly wallMs: number;
  readonly idleMs: number;
  /** Added to the environment, for the agent only. */
  readonly env?: Readonly<Record<string, string>>;
  readonly read?: readonly string[];
  readonly write?: readonly string[];
}

/** A command of the repository or the agent, in the work tree. The clone's own switches are read-only to it. */
export function foreignCommand(bench: Bench, order: ForeignOrder): SandboxCommand {
  const { layout } = bench.workspace;
  return {
    argv: order.argv,
    cwd: layout.repo,
    env: { ...environment(bench), ...order.env },
    stdin: order.stdin,
    read: [...nodeReads(), ...bench.source.objectDirs, ...(order.read ?? [])],
    write: [layout.repo, layout.home, layout.tmp, ...(order.write ?? [])],
    denyWrite: ["config", "hooks", "info", "objects/info"].map((name) => join(layout.repo, ".git", name)),
    network: order.network,
    limits: { ...limitsOf(bench.box), wallMs: order.wallMs, idleMs: order.idleMs },
  };
}

/** A shell line of the repository's own configuration. */
export function shellLine(line: string): readonly [string, ...string[]] {
  return ["/bin/bash", "--norc", "-c", line];
}

function ownStep(bench: Bench, script: string, values: Readonly<Record<string, string>>): Omit<SandboxCommand, "cwd"> {
  return {
    argv: shellLine(script),
    env: {
      ...environment(bench),
      GIT_CONFIG_GLOBAL: "/dev/null",
      OBJECTS: bench.source.objectDirs.join("\n"),
      INDEX: join(bench.workspace.layout.exporter, "index"),
      EXCLUDE: bench.workspace.providedPaths.map(excludeLine).join(""),
      ...values,
    },
    stdin: "",
    read: [],
    write: [],
    denyWrite: [],
    network: [],
    limits: { ...limitsOf(bench.box), wallMs: ownStepMs, idleMs: ownStepMs },
  };
}

function limitsOf({ limits }: Box): Omit<CommandLimits, "wallMs" | "idleMs"> {
  return { ...limits, fileMb: limits.diskMb };
}

/** From scratch: no variable of the app's own reaches a sandbox. */
function environment(bench: Bench): Record<string, string> {
  const { home, tmp } = bench.workspace.layout;
  const author = { NAME: "Baton agent", EMAIL: "agent@localhost" };
  return {
    PATH: `${nodeReads()[0]}:${systemPath}`,
    HOME: home,
    USER: "baton",
    LOGNAME: "baton",
    TMPDIR: tmp,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    LANG: "C.UTF-8",
    TERM: "dumb",
    // Commit hooks are for people; the app validates once, in `verify` (product.md §3.7). Installing them would fail
    // anyway: the clone's config and hooks are read-only.
    HUSKY: "0",
    LEFTHOOK: "0",
    SKIP_SIMPLE_GIT_HOOKS: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: author.NAME,
    GIT_AUTHOR_EMAIL: author.EMAIL,
    GIT_COMMITTER_NAME: author.NAME,
    GIT_COMMITTER_EMAIL: author.EMAIL,
    // Node's own fetch ignores the proxy variables, the only way out, unless told.
    NODE_USE_ENV_PROXY: "1",
  };
}

/** A path as a pattern that matches it and nothing else. */
function excludeLine(path: string): string {
  return `/${path.replace(/[\\*?[\]!# ]/g, "\\$&")}\n`;
}
