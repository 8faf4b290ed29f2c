import { access, constants, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ReviewPlot, readReviewPlot } from "./demo/review/plot.ts";

/** A conversation the demo can play: a repository, an issue, an agent, and what must come of it. */
export interface Scenario {
  /** The directory's own name. */
  readonly name: string;
  readonly issue: { readonly title: string; readonly body: string };
  /** The repository's `.github/agent.yml`; may say `{registry}`, see {@link agentYmlWith}. */
  readonly agentYml: string;
  readonly repositoryDir: string;
  readonly agent: ScenarioAgent;
  /** Path of `model.yml`, what a scripted model answers to an agent that asks one; undefined when there is none. */
  readonly model: string | undefined;
  /** What reviewers say of the pull request, from `review.yml`; undefined when there is none. */
  readonly review: ReviewPlot | undefined;
  /** Path of `expect.sh`: run with bash in a fresh clone of the pull request's branch, exit code 0 means good. */
  readonly expect: string;
}

export type ScenarioAgent =
  | { readonly kind: "program"; readonly path: string }
  | { readonly kind: "turns"; readonly dir: string };

/** Everything that is wrong with a scenario's directory, all at once. */
export class ScenarioError extends Error {
  readonly code = "BAD_SCENARIO";
  readonly problems: readonly string[];

  constructor(dir: string, problems: readonly string[]) {
    super(`${dir} is no scenario:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

const TURN = /^\d+-.+\.(sh|patch)$/;

/**
 * Reads a scenario: `repository/`, `issue.md` (first line the title, the rest the description), `agent.yml`,
 * `expect.sh`, `model.yml` where a model is scripted, `review.yml` where there is a review, and either an executable `agent` or `turns/` (played by `turns-agent`, which says what a turn is).
 *
 * @throws ScenarioError naming everything that is missing
 */
export async function loadScenario(dir: string): Promise<Scenario> {
  const root = resolve(dir);
  const problems: string[] = [];
  const text = async (name: string, what: string) => {
    const content = await readFile(join(root, name), "utf8").catch(() => undefined);
    if (content === undefined) problems.push(`${name} is missing: ${what}`);
    return content ?? "";
  };
  const repositoryDir = join(root, "repository");
  if ((await kindOf(repositoryDir)) !== "directory")
    problems.push("repository/ is missing: the files of the repository");
  const issue = readIssue(await text("issue.md", "first line the title, the rest the description"), problems);
  const agentYml = await text("agent.yml", "the repository's .github/agent.yml");
  await text("expect.sh", "the script that judges the pull request's branch");
  const agent = await findAgent(root, problems);
  const review = await readReview(root, problems);
  if (agent === undefined || problems.length > 0) throw new ScenarioError(root, problems);
  const model = (await kindOf(join(root, "model.yml"))) === "file" ? join(root, "model.yml") : undefined;
  return {
    name: basename(root),
    issue,
    agentYml,
    repositoryDir,
    agent,
    model,
    review,
    expect: join(root, "expect.sh"),
  };
}

/** The policy with the address (`host:port`) of the package registry in place of `{registry}`. */
export function agentYmlWith(registry: string, { agentYml }: Scenario): string {
  return agentYml.replaceAll("{registry}", registry);
}

/**
 * The `command` of a profile that plays this scenario's agent. A program is used where it is. Turns are packed into one
 * self-contained program, in a directory of its own below `into`: a sandbox shows an agent the directory of its program
 * and nothing else of the machine.
 */
export async function agentCommand({ agent }: Scenario, into: string): Promise<readonly string[]> {
  if (agent.kind === "program") return [agent.path];
  const program = await readFile(join(import.meta.dirname, "turns-agent"), "utf8");
  const turns = JSON.stringify(await readTurns(agent.dir));
  const packed = program.replace("const PACKED = null;", () => `const PACKED = ${turns};`);
  const path = join(into, "agent", "turns-agent");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, packed, { mode: 0o755 });
  return [path];
}

/** What `turns-agent` reads from a directory by itself, in the shape it expects packed. */
async function readTurns(dir: string): Promise<object> {
  const names = (await readdir(dir)).filter((name) => TURN.test(name)).sort(byNumber);
  const steps = names.map(async (name) => ({ name, text: await readFile(join(dir, name), "utf8") }));
  const result = await readFile(join(dir, "result.json"), "utf8").catch(() => null);
  return { steps: await Promise.all(steps), result };
}

function byNumber(one: string, other: string): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : 1);
}

function readIssue(text: string, problems: string[]): Scenario["issue"] {
  const [first = "", ...rest] = text.split(/\r?\n/);
  const title = first.replace(/^#+\s*/, "").trim();
  if (text !== "" && title === "") problems.push("issue.md has no title: it is the first line");
  return { title, body: rest.join("\n").trim() };
}

async function readReview(root: string, problems: string[]): Promise<ReviewPlot | undefined> {
  const text = await readFile(join(root, "review.yml"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const read = readReviewPlot(text);
  if ("person" in read) return read;
  problems.push(...read.problems);
  return undefined;
}

async function findAgent(root: string, problems: string[]): Promise<ScenarioAgent | undefined> {
  const path = join(root, "agent");
  const dir = join(root, "turns");
  const [program, turns] = await Promise.all([kindOf(path), kindOf(dir)]);
  if (program !== "none" && turns !== "none") problems.push("both agent and turns/ are there: keep one");
  else if (program === "file") return checkProgram(path, problems);
  else if (turns === "directory") return checkTurns(dir, problems);
  else problems.push("the agent is missing: an executable file agent, or a directory turns/");
  return undefined;
}

async function checkProgram(path: string, problems: string[]): Promise<ScenarioAgent> {
  const executable = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!executable) problems.push("agent is not executable: chmod +x agent");
  return { kind: "program", path };
}

async function checkTurns(dir: string, problems: string[]): Promise<ScenarioAgent> {
  const names = await readdir(dir);
  const strange = names.filter((name) => name !== "result.json" && !TURN.test(name));
  for (const name of strange) problems.push(`turns/${name} is neither NN-*.sh, NN-*.patch nor result.json`);
  if (!names.some((name) => TURN.test(name))) problems.push("turns/ has no steps: NN-*.sh or NN-*.patch");
  return { kind: "turns", dir };
}

async function kindOf(path: string): Promise<"file" | "directory" | "none"> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return "directory";
  return found?.isFile() ? "file" : "none";
}
