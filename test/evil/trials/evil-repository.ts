import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createRunner, type RunRequest } from "../../../src/agent-runner/index.ts";
import { type ModelServer, openModelServer } from "../../support/model-server/index.ts";
import { gitIn } from "../plain-git.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { withYard, type Yard } from "../yard.ts";

const project = resolve(import.meta.dirname, "../../..");
const carelessHost = "an agent with its usual settings, which trusts the directory";

/** What a repository can bring along, and how it shows. */
interface Brought extends Vector {
  readonly shows: (seen: Seen) => boolean;
}

interface Seen {
  /** Names of files in the clone when the agent has ended. */
  readonly files: readonly string[];
  /** The first request to the model, as text. */
  readonly asked: string;
}

const codex: readonly Brought[] = [
  brought("codex:server", "a server of the repository's that is started for its tools", leaves("planted-by-codex-mcp")),
  brought("codex:settings", "another model by the repository's settings", ({ asked }) => asked.includes("evil-model")),
  brought("codex:instructions", "instructions of the tree, as the agent's own", ({ asked }) =>
    asked.includes("planted-by-instructions"),
  ),
  brought("codex:skill", "a skill of the tree", ({ asked }) => asked.includes("Always use this skill first")),
];
/** Their drivers come later; the repository has what they would load. */
const later: readonly Vector[] = ["claude", "opencode", "gemini", "copilot"].map((name) => ({
  name: `${name}:repository`,
  threat: "T20",
  what: `hooks, plugins, servers and settings for ${name}`,
  carelessHost,
}));

/** Settings, hooks, plugins and servers that a repository ships: agents load none (T20). */
export const evilRepositoryTrial: Trial = {
  name: "evil repository",
  vectors: [...codex, ...later],
  async play(driver: Driver): Promise<Findings> {
    const missing = Object.fromEntries(later.map(({ name }) => [name, notHere("no driver for it yet")]));
    const runner = createRunner();
    const [state] = (await runner.agents()).filter(({ agent }) => agent === "codex");
    await runner.close();
    if (state?.state !== "ready")
      return {
        ...missing,
        ...Object.fromEntries(codex.map(({ name }) => [name, notHere("npm run agents:install codex")])),
      };
    const files = repositoryFiles();
    const seen = await withYard(
      driver,
      (yard) => (driver === "none" ? asItIs(yard, files) : throughBaton(yard)),
      files,
    );
    const findings = codex.map(({ name, shows }): [string, Finding] => [
      name,
      finding(
        shows(seen),
        `${seen.asked.length} characters asked; ${seen.files.filter((file) => file.startsWith("planted")).join(", ") || "nothing planted"}`,
      ),
    ]);
    return { ...missing, ...Object.fromEntries(findings) };
  },
};

function repositoryFiles(): Record<string, string> {
  const text = readFileSync(resolve(import.meta.dirname, "../../fixtures/evil/repository.json"), "utf8");
  const lines = JSON.parse(text) as Record<string, readonly string[]>;
  return Object.fromEntries(Object.entries(lines).map(([path, content]) => [path, `${content.join("\n")}\n`]));
}

async function openModel(yard: Yard): Promise<ModelServer> {
  const turns = [{ run: "echo good > greeting.txt" }, { done: "Done." }];
  const model = await openModelServer({ script: { scripts: [{ turns }] } });
  yard.afterwards(() => model.close());
  return model;
}

async function throughBaton(yard: Yard): Promise<Seen> {
  const model = await openModel(yard);
  const provider = { api: "openai-responses", baseUrl: model.baseUrl, key: "sk-evil-test-0123456789" } as const;
  const caps = { requests: 20, tokens: 1_000_000 };
  const agent: RunRequest["agent"] = { kind: "acp", profile: "codex", model: { provider, name: "gpt-test" }, caps };
  const { outcome } = await yard.run({ attempts: [], change: { agent, prompt: "Greet better." } });
  if (outcome.kind !== "changed") throw new Error(`codex did not do its work: ${JSON.stringify(outcome)}`);
  return { files: await filesIn(yard.repo), asked: JSON.stringify(model.requests[0]?.body ?? "") };
}

/** The CLI as a person starts it who trusts the directory. */
async function asItIs(yard: Yard, files: Readonly<Record<string, string>>): Promise<Seen> {
  const model = await openModel(yard);
  const [repo, home] = [join(yard.dir, "clone"), join(yard.dir, "home")];
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    writeFileSync(join(repo, path), content);
  }
  await gitIn(join(repo, ".git"), ["init", "--quiet", repo]);
  mkdirSync(join(home, ".codex"), { recursive: true });
  writeFileSync(join(home, ".codex/config.toml"), settingsOf(model, repo));
  const program = join(project, ".agents/codex/node_modules/@openai/codex/bin/codex.js");
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: home,
    CODEX_HOME: join(home, ".codex"),
    LAB_KEY: "sk-lab",
    VICTIM: yard.mark,
  };
  const args = [
    program,
    "exec",
    "--json",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    "Greet better.",
  ];
  await new Promise<void>((ended) => {
    const child = execFile(process.execPath, args, { cwd: repo, env, timeout: 60_000, killSignal: "SIGKILL" }, () =>
      ended(),
    );
    child.stdin?.end();
  });
  if (model.requests.length === 0) throw new Error("codex asked no model");
  return { files: await filesIn(repo), asked: JSON.stringify(model.requests[0]?.body ?? "") };
}

/** Everything that calls home is off. */
function settingsOf(model: ModelServer, repo: string): string {
  return `model_provider = "lab"
check_for_update_on_startup = false
[model_providers.lab]
name = "lab"
base_url = ${JSON.stringify(model.baseUrl)}
wire_api = "responses"
env_key = "LAB_KEY"
[projects.${JSON.stringify(repo)}]
trust_level = "trusted"
[analytics]
enabled = false
[feedback]
enabled = false
`;
}

async function filesIn(repo: string): Promise<readonly string[]> {
  const names = [
    "planted-by-codex-mcp",
    "planted-by-codex-hook",
    "planted-by-codex-notify",
    "planted-by-mcp",
    "planted-by-instructions",
  ];
  return names.filter((name) => existsSync(join(repo, name)));
}

function leaves(file: string) {
  return ({ files }: Seen) => files.includes(file);
}

function notHere(how: string): Finding {
  return { kind: "not_here", how };
}

function brought(name: string, what: string, shows: Brought["shows"]): Brought {
  return { name, threat: "T20", what, carelessHost, shows };
}
