import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { chooseAgent, DemoRefusal } from "./support/demo/choose-agent.ts";
import { createNarrator, silentNarrator } from "./support/demo/narrator.ts";
import { type DemoOptions, readOptions, usage } from "./support/demo/options.ts";
import { type Played, type Playing, playIssue } from "./support/demo/play.ts";
import { printPullRequest, reportOf } from "./support/demo/report.ts";
import { playReview } from "./support/demo/review/play.ts";
import { setStage } from "./support/demo/stage.ts";
import { loadScenario } from "./support/scenario.ts";

/** `npm run demo`: a labelled issue becomes a pull request, before your eyes, on this machine alone. */

process.exitCode = await main();

async function main(): Promise<number> {
  let options: DemoOptions | "help";
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  try {
    return await demo(options);
  } catch (error) {
    const mendable = error instanceof Error && "code" in error;
    process.stderr.write(`${mendable ? error.message : error instanceof Error ? error.stack : error}\n`);
    return 1;
  }
}

async function demo(options: DemoOptions): Promise<number> {
  const scenario = await loadScenario(options.scenario);
  if (options.story === "review" && !scenario.review)
    throw new DemoRefusal(`${scenario.name} has no review.yml, which says what reviewers say.`);
  const people = options.output === "conversation";
  const write = (text: string) => void (people ? process.stdout.write(text) : undefined);
  const project = resolve(import.meta.dirname, "..");
  // Progress goes beside the conversation, so that --json stays one object.
  const agent = await chooseAgent({
    options,
    scenario,
    project,
    say: (line) => void process.stderr.write(`${line}\n`),
  });
  write(`The agent: ${agent.kind === "codex" ? "the Codex CLI" : "the scenario's own program"} (${agent.why}).\n`);
  write(`Setting the stage: a GitHub of our own, a package registry, PostgreSQL and Baton, all on this machine …\n\n`);
  const stage = await setStage(scenario, project, agent);
  try {
    const narrator = people ? createNarrator(write) : silentNarrator;
    const played = await play({ stage, scenario, narrator }, options);
    const report = reportOf(stage, played);
    if (people) printPullRequest(report, write);
    else process.stdout.write(`${JSON.stringify(report)}\n`);
    if (options.afterwards === "keep") await keepRunning(stage, write);
    if (!report.ok)
      process.stderr.write(
        `\nThe demo failed: ${played.problem ?? "see above"}\nBaton's log has these complaints (--keep leaves all of it):\n${await complaintsIn(stage.baton.logFile)}\n`,
      );
    return report.ok ? 0 : 1;
  } finally {
    await stage.strike();
  }
}

function play(playing: Playing, { story }: DemoOptions): Promise<Played> {
  const { review } = playing.scenario;
  return story === "review" && review ? playReview(playing, review) : playIssue(playing);
}

/** Warnings and worse: the log itself goes with the stage. */
async function complaintsIn(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, "utf8")).split("\n");
  return lines
    .filter((line) => /"level":[4-6]0/.test(line))
    .slice(-20)
    .join("\n");
}

async function keepRunning(stage: Awaited<ReturnType<typeof setStage>>, write: (text: string) => void): Promise<void> {
  write(
    `\nStill running; Ctrl-C ends it.\n  GitHub  ${stage.github.url} (REST under /api/v3)\n  Baton   ${stage.baton.url}/healthz\n  Log     ${stage.baton.logFile}\n  Files   ${stage.directory}\n`,
  );
  await new Promise<void>((done) => {
    process.once("SIGINT", done);
    process.once("SIGTERM", done);
  });
}
