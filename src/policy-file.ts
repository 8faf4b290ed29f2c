import { z } from "zod";
import type { Policy } from "./orchestrator/domain/policy.ts";
import { readYaml, type YamlRead } from "./yaml-file.ts";

/** Where a repository keeps its policy, always on the default branch. */
export const policyPath = ".github/agent.yml";

const line = z.string().min(1).max(2_000);
const lines = z.array(line).max(50);
const host = z
  .string()
  .max(255)
  .regex(/^(\*\.)?[a-z0-9.-]+(:\d{1,5})?$/i, "must be a host name, optionally with a port");
const hosts = z.array(host).max(50);
const globs = z.array(z.string().min(1).max(300)).max(200);
const branch = z
  .string()
  .max(200)
  .regex(/^(?!.*(\.\.|\/\/|@\{|\.lock(\/|$)))[A-Za-z0-9][A-Za-z0-9._/{}-]*[A-Za-z0-9}]$/, "must be a plain branch name")
  .refine((name) => name.includes("{number}"), "must contain {number}");

const bot = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,100}(\[bot\])?$/, "must be the login of a bot")
  .transform((login) => login.replace(/\[bot\]$/, ""));
const bots = z.array(
  z.union([
    bot.transform((login) => ({ login, comments: false })),
    z.strictObject({ login: bot, comments: z.boolean().default(false) }),
  ]),
);

const review = z
  .strictObject({
    trigger: z.enum(["any", "changes_requested", "command"]).default("any"),
    bots: z.union([z.enum(["all", "none"]), bots.max(50)]).default("all"),
    botRounds: z.int().min(0).max(50).default(3),
    rounds: z.int().min(1).max(50).default(5),
    resolve: z.enum(["bots", "all", "none"]).default("bots"),
    quietSeconds: z.int().min(0).max(3600).default(60),
  })
  .prefault({});

const schema = z.strictObject({
  label: z.string().min(1).max(50).default("agent"),
  profile: z.string().min(1).max(50).default("default"),
  base: z.string().min(1).max(250).optional(),
  branch: branch.default("agent/issue-{number}"),
  setup: z.strictObject({ run: lines.default([]), network: hosts.default([]) }).prefault({}),
  verify: z.strictObject({ run: lines.default([]), attempts: z.int().min(0).max(3).default(1) }).prefault({}),
  rules: z.string().max(20_000).default(""),
  pullRequest: z
    .strictObject({ draft: z.boolean().default(false), title: z.string().min(1).max(200).default("{title}") })
    .prefault({}),
  review,
  protect: z
    .strictObject({
      deny: globs.default([".github/workflows/**"]),
      hold: globs.default([".github/**", ".claude/**", ".codex/**", ".mcp.json", "CODEOWNERS"]),
      flag: globs.default([
        "AGENTS.md",
        "CLAUDE.md",
        "**/package.json",
        "**/{*.lock,*-lock.*,*.lockb,go.sum,npm-shrinkwrap.json}",
      ]),
    })
    .prefault({}),
  limits: z
    .strictObject({
      minutes: z
        .number()
        .positive()
        .max(24 * 60)
        .optional(),
      idleMinutes: z
        .number()
        .positive()
        .max(24 * 60)
        .optional(),
      turns: z.int().min(1).optional(),
      tokens: z.int().min(1000).optional(),
    })
    .prefault({}),
});

/** What the operator and GitHub say about the repository the policy belongs to. */
export interface PolicyBounds {
  readonly defaultBranch: string;
  /** Hosts (`name` or `name:port`) the operator lets this repository reach. */
  readonly allowedHosts: readonly string[];
}

/** The policy of a repository without a file: every default. */
export function defaultPolicy(bounds: PolicyBounds): Policy {
  const read = parsePolicy("", bounds);
  if (read.kind === "bad") throw new Error(`The default policy is broken: ${read.problems.join("; ")}`);
  return read.value;
}

/**
 * Reads `.github/agent.yml`. A repository may ask only for hosts the operator allows: asking for more is a problem
 * with its remedy, because a run that starts and then cannot reach its packages helps nobody.
 */
export function parsePolicy(text: string, bounds: PolicyBounds): YamlRead<Policy> {
  const read = readYaml(text, schema);
  if (read.kind === "bad") return read;
  const { base, limits, protect, ...rest } = read.value;
  const foreign = rest.setup.network.filter((name) => !bounds.allowedHosts.includes(name));
  if (foreign.length > 0) {
    const names = foreign.map((name) => `\`${name}\``).join(", ");
    return {
      kind: "bad",
      problems: [
        `\`setup.network\`: ${names} is not on the operator's list; ask for \`sandbox.network\` or \`repositories.<name>.network\` in baton.yml`,
      ],
    };
  }
  return {
    kind: "ok",
    value: {
      ...rest,
      base: base ?? bounds.defaultBranch,
      // Workflows run with the repository's secrets: no policy can open them (security.md T30).
      protect: { ...protect, deny: [...new Set([...protect.deny, ".github/workflows/**"])] },
      limits: {
        ...(limits.minutes === undefined ? {} : { minutes: limits.minutes }),
        ...(limits.idleMinutes === undefined ? {} : { idleMinutes: limits.idleMinutes }),
        ...(limits.turns === undefined ? {} : { turns: limits.turns }),
        ...(limits.tokens === undefined ? {} : { tokens: limits.tokens }),
      },
    },
  };
}
