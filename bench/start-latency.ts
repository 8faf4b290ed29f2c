import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { startBaton } from "../test/support/baton-process.ts";
import { startFakeGitHub } from "../test/support/fake-github/index.ts";
import { until } from "../test/support/until.ts";

/**
 * `npm run bench`: how long from a label to a started agent, against the least anybody could do: a shared clone, a
 * checkout and a bare sandbox start of the same repository. Both in one run, in turns, so that the ratio means
 * something on a noisy machine.
 */

const rounds = 5;
const files = 2_000;

const directory = await mkdtemp(join(tmpdir(), "baton-bench-"));
await chmod(directory, 0o711);
try {
  await bench();
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const github = await startFakeGitHub({ directory: join(directory, "github") });
  const repository = await github.createRepository({
    owner: "acme",
    name: "shop",
    files: tree(),
    people: { ann: "write" },
  });
  const baton = await startBaton({
    app: github.app,
    githubHost: github.host,
    dataDir: await made("data"),
    configFile: await config(),
    logFile: join(directory, "baton.log"),
  });
  try {
    github.connect(`${baton.url}/api/github/webhooks`);
    const ann = github.as("ann").on(repository);
    const labelToAgent: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const issue = await ann.opensIssue({ title: `Bench ${round}`, body: "Nothing to do but to start." });
      const start = Date.now();
      await ann.labels(issue, "agent");
      const started = await until(() => startOfAgent(github.pullRequests(repository), issue), {
        what: "the agent's start",
        within: 60_000,
      });
      await github.settled();
      const least = await bareStart(repository.directory, round);
      // The first round fills caches of both; it is not counted.
      if (round > 0) {
        labelToAgent.push(started - start);
        bare.push(least);
      }
      process.stderr.write(`round ${round}: label to agent ${started - start} ms, bare ${least} ms\n`);
    }
    const [ours, theirs] = [median(labelToAgent), median(bare)];
    process.stdout.write(
      `${JSON.stringify({ files, rounds, labelToAgentMs: ours, cloneCheckoutSandboxMs: theirs, ratio: Number((ours / theirs).toFixed(2)) })}\n`,
    );
  } finally {
    await baton.stop();
    await github.close();
  }
}

/** The agent writes its own start time into its result, which Baton puts into the pull request. */
function startOfAgent(pulls: readonly { readonly body: string }[], issue: number): number | undefined {
  const pull = pulls.find(({ body }) => body.includes(`Closes #${issue}`));
  const time = /started at (\d+) ms/.exec(pull?.body ?? "")?.[1];
  return time === undefined ? undefined : Number(time);
}

async function config(): Promise<string> {
  const agent = join(await made("agent"), "agent");
  const script = `#!/bin/sh
now=$(date +%s%3N)
echo "$now" > started.txt
printf '{"title":"Bench","summary":"started at %s ms"}' "$now" > "$BATON_RESULT"
`;
  await writeFile(agent, script, { mode: 0o755 });
  const path = join(directory, "baton.yml");
  await writeFile(path, stringify({ profiles: { default: { agent: "command", command: [agent] } } }));
  return path;
}

/** What any tool must do at least: clone with shared objects, check out, start an empty sandbox. */
async function bareStart(gitDirectory: string, round: number): Promise<number> {
  const clone = join(directory, `bare-${round}`);
  const start = performance.now();
  await run("git", ["clone", "--quiet", "--shared", gitDirectory, clone]);
  await run("bwrap", [
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--unshare-all",
    "--die-with-parent",
    "true",
  ]);
  const took = Math.round(performance.now() - start);
  await rm(clone, { recursive: true, force: true });
  return took;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

function tree(): Record<string, string> {
  const entries = Array.from(
    { length: files },
    (_, n) => [`src/part-${n % 40}/file-${n}.txt`, `File ${n}\n`.repeat(20)] as const,
  );
  return Object.fromEntries(entries);
}

async function made(name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path, { mode: 0o755 });
  return path;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
