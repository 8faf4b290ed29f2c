import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentCommand, agentYmlWith, loadScenario, ScenarioError } from "../support/scenario.ts";

const sample = resolve(import.meta.dirname, "../fixtures/sample");

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "baton-scenario-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Writes files below the test's directory, by path. */
async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}

const small = {
  "repository/README.md": "hello\n",
  "issue.md": "# Say more\r\n\r\nPlease.\r\n",
  "agent.yml": "",
  "expect.sh": "",
};

async function problems(): Promise<readonly string[]> {
  const error = await loadScenario(directory).catch((cause: unknown) => cause);
  if (!(error instanceof ScenarioError)) throw new Error("the scenario was taken");
  return error.problems;
}

describe("a scenario", () => {
  it("is read from the sample: issue, policy, agent and judge", async () => {
    const scenario = await loadScenario(sample);
    expect(scenario.name).toBe("sample");
    expect(scenario.issue.title).toMatch(/^Invoices over the last weekend of March/);
    expect(scenario.issue.body).toMatch(/^Two guests complained/);
    expect(scenario.agent).toEqual({ kind: "program", path: join(sample, "agent") });
    expect(agentYmlWith("127.0.0.2:4873", scenario)).toContain('- "127.0.0.2:4873"');
    expect(await agentCommand(scenario, directory)).toEqual([join(sample, "agent")]);
  });

  it("names everything that is missing at once", async () => {
    expect(await problems()).toEqual([
      expect.stringContaining("repository/ is missing"),
      expect.stringContaining("issue.md is missing"),
      expect.stringContaining("agent.yml is missing"),
      expect.stringContaining("expect.sh is missing"),
      expect.stringContaining("the agent is missing"),
    ]);
  });

  it("has reviewers who stand on lines of the change", async () => {
    const { review } = await loadScenario(sample);
    expect(review?.person.map(({ on, answer }) => `${on.path}: ${answer}`)).toEqual([
      "src/days.ts: fixed",
      "src/invoice.ts: declined",
      "test/clocks-and-cents.spec.ts: question",
    ]);
    expect(review?.bot.findings).toHaveLength(2);
    expect(review?.bot.threads).toHaveLength(1);
  });

  it("says what is wrong with its reviewers, and does without any", async () => {
    await files({ ...small, "turns/1-a.sh": "true\n" });
    expect((await loadScenario(directory)).review).toBeUndefined();
    await files({ "review.yml": "person: []\nbot: { body: Hm, findings: [], threads: [] }\n" });
    expect(await problems()).toEqual([
      expect.stringContaining("review.yml: person: needs exactly one question"),
      expect.stringContaining("review.yml: bot.findings"),
      expect.stringContaining("review.yml: bot.threads"),
    ]);
    await files({ "review.yml": "person: [" });
    expect(await problems()).toEqual([expect.stringContaining("review.yml")]);
  });

  it("wants a title, an executable agent, and only one agent", async () => {
    await files({ ...small, "issue.md": "\n\nNo title above\n", agent: "#!/bin/sh\n" });
    expect(await problems()).toEqual([
      expect.stringContaining("issue.md has no title"),
      expect.stringContaining("agent is not executable"),
    ]);
    await files({ ...small, "turns/1-a.sh": "true\n" });
    expect(await problems()).toEqual([expect.stringContaining("keep one")]);
  });

  it("does not guess what a file among the turns might be", async () => {
    await files({ ...small, "turns/first.sh": "true\n" });
    expect(await problems()).toEqual([
      expect.stringContaining("turns/first.sh is neither"),
      expect.stringContaining("turns/ has no steps"),
    ]);
  });

  it("takes a heading and a file from another system", async () => {
    await files({ ...small, "turns/1-a.sh": "true\n" });
    expect((await loadScenario(directory)).issue).toEqual({ title: "Say more", body: "Please." });
  });
});

describe("turns", () => {
  /** Plays the turns as an agent would be started: one program, the prompt on its standard input. */
  async function play() {
    const scenario = await loadScenario(directory);
    const [program = ""] = await agentCommand(scenario, directory);
    // The program has to stand on its own: a sandbox does not show it the turns.
    await rm(join(directory, "turns"), { recursive: true });
    const tree = join(directory, "tree");
    await cp(scenario.repositoryDir, tree, { recursive: true });
    await execa("git", ["init", "-q", tree]);
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      BATON_RESULT: join(directory, "result.json"),
    };
    const options = { cwd: tree, input: "the prompt\n", env, extendEnv: false, all: true, reject: false } as const;
    return { tree, ended: await execa(program, [], options), scenario };
  }

  const patch = ["--- a/README.md", "+++ b/README.md", "@@ -1 +1 @@", "-hello", "+hello there", ""].join("\n");

  it("are scripts and patches, played by number, then the result", async () => {
    await files({
      ...small,
      "turns/10-last.sh": "cp README.md copy.md\n",
      "turns/2-change.patch": patch,
      "turns/1-look.sh": 'read -r line; echo "got $line"; cat README.md\n',
      "turns/result.json": '{"title":"Say more"}',
    });
    const { tree, ended } = await play();
    expect(ended.all).toBe(
      "Step 1-look.sh\ngot the prompt\nhello\nStep 2-change.patch\nStep 10-last.sh\nWrote the result.",
    );
    expect(await readFile(join(tree, "copy.md"), "utf8")).toBe("hello there\n");
    expect(await readFile(join(directory, "result.json"), "utf8")).toBe('{"title":"Say more"}');
  });

  it("end at the first step that fails, without a result", async () => {
    await files({
      ...small,
      "turns/1-a.sh": "false\ntrue\n",
      "turns/2-b.sh": "touch too-far\n",
      "turns/result.json": "{}",
    });
    const { tree, ended } = await play();
    expect(ended.exitCode).toBe(1);
    expect(ended.all).toContain("Gave up: step 1-a.sh ended with exit code 1");
    await expect(readFile(join(tree, "too-far"))).rejects.toThrow("ENOENT");
    await expect(readFile(join(directory, "result.json"))).rejects.toThrow("ENOENT");
  });

  it("need no result: the agent then ends without one", async () => {
    await files({ ...small, "turns/1-a.sh": "true\n" });
    expect((await play()).ended).toMatchObject({ exitCode: 0, all: "Step 1-a.sh" });
  });
});
