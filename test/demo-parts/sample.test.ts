import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReviewPlot } from "../support/demo/review/plot.ts";
import { choose } from "../support/model-server/choose.ts";
import { loadTurnFile } from "../support/model-server/script.ts";
import { type PackageRegistry, startPackageRegistry } from "../support/package-registry.ts";
import { loadScenario, type Scenario } from "../support/scenario.ts";
import { promptOfRound } from "./review-prompt.ts";

const root = resolve(import.meta.dirname, "../..");
const sample = join(root, "test/fixtures/sample");

/** One story, told in order: each step goes on in the directory the step before has left. */
describe("the sample scenario", () => {
  let directory: string;
  let tree: string;
  let registry: PackageRegistry;
  let scenario: Scenario;

  beforeAll(async () => {
    scenario = await loadScenario(sample);
    directory = await mkdtemp(join(tmpdir(), "baton-sample-"));
    tree = join(directory, "tree");
    await mkdir(join(directory, "home"));
    await cp(scenario.repositoryDir, tree, { recursive: true });
    const lockfile = join(scenario.repositoryDir, "package-lock.json");
    registry = await startPackageRegistry({ from: join(root, "node_modules"), lockfile });
    await git("init", "-q", "-b", "main");
    await git("add", "-A");
    await git("commit", "-q", "-m", "Import");
  });

  afterAll(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** What a run's environment is made of: nothing of this process but where programs are. */
  function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const who = {
      GIT_AUTHOR_NAME: "Ann",
      GIT_AUTHOR_EMAIL: "ann@example.com",
      GIT_COMMITTER_NAME: "Ann",
      GIT_COMMITTER_EMAIL: "ann@example.com",
    };
    return {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: join(directory, "home"),
      GIT_CONFIG_NOSYSTEM: "1",
      NO_COLOR: "1",
      HUSKY: "0",
      ...who,
      ...more,
    };
  }

  function run(
    program: string,
    args: readonly string[],
    more: { readonly cwd?: string; readonly input?: string; readonly env?: Record<string, string> } = {},
  ) {
    const { cwd = tree, input = "", env = {} } = more;
    return execa(program, args, { cwd, input, env: environment(env), extendEnv: false, all: true, reject: false });
  }

  async function git(...args: readonly string[]): Promise<string> {
    const { exitCode, all } = await run("git", args);
    if (exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${all}`);
    return all;
  }

  /** `expect.sh`, as the demo runs it: in a fresh clone, with the registry named in the environment. */
  async function judge(branch: string) {
    const clone = await mkdtemp(join(directory, "clone-"));
    await git("clone", "-q", "--branch", branch, tree, clone);
    return run("bash", [scenario.expect], { cwd: clone, env: { npm_config_registry: registry.url } });
  }

  it("installs from the provided .npmrc alone, and never commits that file", async () => {
    await writeFile(join(tree, ".npmrc"), registry.npmrc);
    const { exitCode, all } = await run("npm", ["ci"]);
    expect(all).toContain("HUSKY=0 skip install");
    expect(exitCode).toBe(0);
    expect(await git("status", "--porcelain")).toBe("");
  });

  it("starts out red, with the two specs of the issue and no other", async () => {
    const { exitCode, all } = await run("npm", ["test"]);
    expect(exitCode).toBe(1);
    const red = [...all.matchAll(/FAIL .* > (.*)$/gm)].map(([, name]) => name);
    expect(red).toEqual([
      "charges every night of a stay over the change to summer time",
      "has a total that its lines add up to",
    ]);
    expect(all).toMatch(/Tests {2}2 failed \| 11 passed/);
    expect((await run("npm", ["run", "typecheck"])).exitCode).toBe(0);
  });

  it("is not good before the agent has worked", async () => {
    const { exitCode, all } = await judge("main");
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/Tests {2}2 failed/);
  });

  it("has an agent that will not work without its task", async () => {
    const { exitCode, all } = await run(join(sample, "agent"), [], {
      env: { BATON_RESULT: join(directory, "none.json") },
    });
    expect(exitCode).toBe(1);
    expect(all).toContain("this task is not about invoices");
    expect(await git("status", "--porcelain")).toBe("");
  });

  it("has an agent that sees red, edits, and goes on until it sees green", async () => {
    const result = join(directory, "result.json");
    const prompt = `${scenario.issue.title}\n\n${scenario.issue.body}`;
    const { exitCode, all } = await run(join(sample, "agent"), [], { input: prompt, env: { BATON_RESULT: result } });
    expect(exitCode).toBe(0);
    expect(all.split("\n").filter((line) => line.startsWith("npm "))).toEqual([
      "npm test: 2 failed | 11 passed (13)",
      "npm test: 1 failed | 12 passed (13)",
      "npm test: 13 passed (13)",
      "npm test: 15 passed (15)",
      "npm run typecheck: clean",
    ]);
    expect((await git("status", "--porcelain")).split("\n")).toEqual([
      " M CHANGELOG.md",
      " M src/days.ts",
      " M src/invoice.ts",
      "?? test/clocks-and-cents.spec.ts",
    ]);
    expect(JSON.parse(await readFile(result, "utf8"))).toEqual({
      title: expect.stringMatching(/^Charge every night/),
      summary: expect.stringContaining("UTC"),
      decisions: [expect.any(String), expect.any(String)],
      not_done: [expect.any(String)],
    });
  });

  it("adds a spec that fails without the repair", async () => {
    await git("stash", "push", "-q", "--", "src");
    const { all } = await run("npm", ["test", "--", "test/clocks-and-cents.spec.ts"]);
    await git("stash", "pop", "-q");
    expect(all).toMatch(/Tests {2}2 failed/);
  });

  it("has a hook that bites whoever commits with hooks on, and nobody else", async () => {
    await git("checkout", "-q", "-b", "agent/issue-1");
    await git("add", "-A");
    expect((await run("npx", ["husky"], { env: { HUSKY: "1" } })).exitCode).toBe(0);
    const bitten = await run("git", ["commit", "-m", "Repair"], { env: { HUSKY: "1" } });
    expect(bitten.exitCode).not.toBe(0);
    expect(bitten.all).toContain("is not feature/… or fix/…");
    await git("commit", "-q", "-m", "Repair");
  });

  it("is good afterwards, in a fresh clone", async () => {
    const { exitCode, all } = await judge("agent/issue-1");
    expect(all).toContain("expect: good");
    expect(exitCode).toBe(0);
  });

  /** The agent in a round over feedback, with the prompt that Baton makes. */
  async function round(number: 1 | 2) {
    const result = join(directory, `round-${number}.json`);
    const input = promptOfRound(number, scenario, plotOf(scenario));
    const { exitCode, all } = await run(join(sample, "agent"), [], { input, env: { BATON_RESULT: result } });
    const { answers }: { answers: readonly Answer[] } = JSON.parse(await readFile(result, "utf8").catch(() => "{}"));
    await git("add", "-A");
    const changed = (await git("diff", "--cached", "--name-only")).split("\n");
    await git("commit", "-q", "-m", `Round ${number}`);
    return { exitCode, all, answers, changed };
  }

  it("has an agent that answers every point of the review as the plot wants it, with edits where it says so", async () => {
    const { exitCode, all, answers, changed } = await round(1);
    expect(exitCode).toBe(0);
    expect(answers.map(({ answer }) => answer)).toEqual(plannedAnswers(plotOf(scenario)));
    expect(answers[1]?.text).toContain('"has a total that its lines add up to" went red');
    expect(answers[2]?.text).toMatch(/time zone is that\?/);
    expect(changed).toEqual(["CHANGELOG.md", "src/days.ts", "src/invoice.ts", "test/clocks-and-cents.spec.ts"]);
    expect(all).toContain("npm test: 16 passed (16)");
  });

  it("has an agent that does what the answer to its question says", async () => {
    const { exitCode, all, answers, changed } = await round(2);
    expect(exitCode).toBe(0);
    expect(answers).toEqual([{ id: "thread-12", answer: "fixed", text: expect.stringContaining("Atlantic/Azores") }]);
    expect(changed).toEqual(["test/time-zones.spec.ts"]);
    expect(all).toContain("npm test: 17 passed (17)");
  });

  it("is left with everything that the plot of the review speaks of", async () => {
    const { person, bot } = plotOf(scenario);
    for (const { leaves } of [...person, ...bot.threads, ...bot.findings])
      for (const [path, text] of Object.entries(leaves))
        expect(await readFile(join(tree, path), "utf8")).toContain(text);
  });

  it("is not good when the specs were removed instead", async () => {
    await git("checkout", "-q", "-b", "cheat", "main");
    await git("rm", "-q", "test/invoice.spec.ts");
    await git("commit", "-q", "-m", "Green");
    const { exitCode, all } = await judge("cheat");
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/Tests {2}7 passed/);
    expect(all).toContain("AssertionError");
  });
});

interface Answer {
  readonly id: string;
  readonly answer: string;
  readonly text: string;
}

function plotOf({ review }: Scenario): ReviewPlot {
  if (!review) throw new Error("the sample has no review.yml");
  return review;
}

function plannedAnswers({ person, bot }: ReviewPlot): readonly string[] {
  return [...person, ...bot.threads, ...bot.findings].map(({ answer }) => answer);
}

describe("the sample's scripted model", () => {
  /** The answers that the script of a round leaves in the result file. */
  async function scripted(number: 1 | 2): Promise<readonly Answer[]> {
    const scenario = await loadScenario(sample);
    const turns = await loadTurnFile(scenario.model ?? "");
    const text = promptOfRound(number, scenario, plotOf(scenario));
    for (let position = 0; ; position++) {
      const behind = Array.from({ length: position }, (_, turn) => ({
        role: "tool" as const,
        callId: `call_1_t${turn}_0`,
        text: "",
      }));
      const choice = choose(turns, {
        model: "any",
        wants: "whole",
        conversation: "",
        messages: [{ role: "user", text }, ...behind],
        tools: [{ name: "shell", parameters: {} }],
        usage: "told",
      });
      if (choice.kind !== "turn") throw new Error(JSON.stringify(choice));
      const result = /BATON_RESULT" <<'EOF'\n(.*)\nEOF/s.exec(choice.turn.run?.join("\n") ?? "")?.[1];
      if (result !== undefined) return JSON.parse(result).answers;
    }
  }

  it("gives each point the answer that the plot wants, as the program does", async () => {
    const plot = plotOf(await loadScenario(sample));
    const [first, second] = [await scripted(1), await scripted(2)];
    const ids = ["thread-10", "thread-11", "thread-12", "thread-20", "review-3-1", "review-3-2"];
    expect(first.map(({ id }) => id)).toEqual(ids);
    expect(first.map(({ answer }) => answer)).toEqual(plannedAnswers(plot));
    expect(second.map(({ id, answer }) => [id, answer])).toEqual([["thread-12", "fixed"]]);
  });
});

describe("the sample's files", () => {
  let copy: string;

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), "baton-ignore-"));
    await cp(join(root, ".gitignore"), join(copy, ".gitignore"));
    await cp(sample, join(copy, "test/fixtures/sample"), { recursive: true });
    await execa("git", ["init", "-q", copy]);
    await execa("git", ["-C", copy, "add", "-A"]);
  });

  afterAll(() => rm(copy, { recursive: true, force: true }));

  it("all survive our own repository's rules, names with a dot in front included", async () => {
    const { stdout } = await execa("git", ["-C", join(copy, "test/fixtures/sample"), "ls-files"]);
    const entries = await readdir(sample, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(sample, join(entry.parentPath, entry.name)));
    expect(stdout.split("\n").sort()).toEqual(files.sort());
    expect(files).toEqual(expect.arrayContaining(["repository/.gitignore", "repository/.husky/pre-commit"]));
  });

  it("are programs where they have to be", async () => {
    const { stdout } = await execa("git", ["-C", join(copy, "test/fixtures/sample"), "ls-files", "--stage"]);
    const programs = stdout
      .split("\n")
      .filter((line) => line.startsWith("100755"))
      .map((line) => line.split("\t")[1]);
    expect(programs).toEqual(["agent", "expect.sh", "repository/.husky/pre-commit"]);
  });
});
