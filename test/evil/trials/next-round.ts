import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { carelessly, gitIn } from "../plain-git.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { withYard, type Yard } from "../yard.ts";

const kept = "the run's directory, kept from run to run";

const vectors: readonly (Vector & { readonly poison: (yard: Yard) => string })[] = [
  planted("settings-in-the-home", "settings for the next agent, in the home", kept),
  planted("session-in-the-home", "a session of the next agent, in the home", kept),
  planted("file-in-its-temporary-directory", "a file in the temporary directory it was given", kept),
  planted("ignored-file-in-the-clone", "a program that is not part of the change, in the clone", kept),
  { ...planted("stale-answer", "an answer for the run after it", kept), poison: () => "STALE" },
  planted("start-up-file-of-the-shell", "a file that shells read when they start", "bash -l with the run's home"),
  planted("file-in-the-system-temporary-directory", "a file in the machine's temporary directory"),
  planted("file-where-sandboxes-share", "a file in the directory that all sandboxes of this make share"),
  { ...planted("own-program", "its own program"), poison: () => "POISONED" },
  {
    ...planted("object-in-the-store", "another content for a file of the repository, in the shared objects"),
    poison: () => "poisoned",
  },
  { ...planted("branch-in-the-mirror", "a branch in the app's mirror"), poison: ({ baseSha }) => baseSha },
];
const goesOn = planted(
  "change-after-its-run",
  "the next run, which finds a file that is written again and again, or cannot begin",
);

/** What one run leaves for the next of the same task (T21): nothing but what the gate let through may arrive. */
export const nextRoundTrial: Trial = {
  name: "the next round",
  vectors: [...vectors, goesOn],
  async play(driver: Driver): Promise<Findings> {
    return Object.assign({}, ...(await Promise.all([twoRounds(driver), disturbed(driver)])));
  },
};

function twoRounds(driver: Driver): Promise<Findings> {
  return withYard(driver, async (yard) => {
    const names = vectors.map(({ name }) => name);
    const blob = await gitIn(yard.mirror, ["rev-parse", "main:greeting.txt"]);
    const mark = join(yard.dir, "executed");
    const targets = { blob, mark, base: yard.baseSha, mirror: yard.mirror, objects: join(yard.mirror, "objects") };
    yard.afterwards(() => removeScratch(yard.mark));
    const first = await yard.run({ attempts: names.map((name) => `plant:${name}`), targets });
    const careless = driver === "none" ? await keepEverything(yard) : {};
    // Setup is what shells of the host come closest to.
    const setup = { run: ["true"], network: [] };
    const second = await yard.run({ attempts: names.map((name) => `find:${name}`), targets, change: { setup } });
    const executed = existsSync(mark);
    return Object.fromEntries(
      vectors.map(({ name, poison }): [string, Finding] => {
        const looked = name === "start-up-file-of-the-shell" || second.tried(`find:${name}`);
        if (!first.tried(`plant:${name}`) || !looked)
          return [name, { kind: "untried", how: JSON.stringify([first.outcome, second.outcome]) }];
        if (name === "start-up-file-of-the-shell") return [name, finding(executed, "looked whether it was executed")];
        const loot = second.output.split("\n").find((line) => line.startsWith(`LOOT find:${name} `)) ?? "";
        const text = `${loot} ${careless[name] ?? ""}`;
        return [name, finding(text.includes(poison(yard)), `found ${JSON.stringify(text.slice(0, 100))}`)];
      }),
    );
  });
}

/** A process of the first run goes on in the clone of the next. */
function disturbed(driver: Driver): Promise<Findings> {
  const { name } = goesOn;
  return withYard(driver, async (yard) => {
    const first = await yard.run({ attempts: [`plant:${name}`] });
    if (!first.tried(`plant:${name}`)) return { [name]: { kind: "untried", how: JSON.stringify(first.outcome) } };
    const second = await yard.run({ attempts: [`find:${name}`] }).catch((error: Error) => error);
    const failed = second instanceof Error || !second.tried(`find:${name}`);
    const how = second instanceof Error ? second.message : second.output.slice(0, 200);
    return { [name]: finding(failed || second.output.includes(`LOOT find:${name} ${yard.mark}`), how) };
  });
}

/** A host that does not empty a run's directory: what the next run would find there. */
async function keepEverything(yard: Yard): Promise<Record<string, string>> {
  const at = (path: string) => (existsSync(join(yard.root, path)) ? readFileSync(join(yard.root, path), "utf8") : "");
  await carelessly(yard.root, "bash -l -c true", { HOME: join(yard.root, "home") });
  return {
    "settings-in-the-home": at("home/.claude/settings.json"),
    "session-in-the-home": at("home/.codex/sessions/evil.jsonl"),
    "file-in-its-temporary-directory": at("tmp/evil"),
    "ignored-file-in-the-clone": at("repo/node_modules/.bin/tsc"),
    "stale-answer": at("answer/result.json"),
  };
}

function removeScratch(mark: string): void {
  rmSync(`/tmp/${mark}-next`, { force: true });
  rmSync(`/tmp/claude/${mark}-next`, { force: true });
  // Made by the agent without walls; whoever else uses it keeps it.
  if (existsSync("/tmp/claude") && readdirSync("/tmp/claude").length === 0) rmdirSync("/tmp/claude");
}

function planted(name: string, what: string, carelessHost?: string) {
  return {
    name,
    threat: "T21",
    what,
    ...(carelessHost === undefined ? {} : { carelessHost }),
    poison: ({ mark }: Yard) => mark,
  };
}
