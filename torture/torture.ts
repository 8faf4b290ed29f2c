import { type Options, readOptions, usage } from "./options.ts";
import { type PlantedFault, plantedFaults } from "./planted-faults.ts";
import { type Played, play } from "./play.ts";
import { endProgress, progressLine } from "./progress.ts";

/** `npm run torture`: kills Baton again and again while people work with it, and looks whether promise 1 holds. */

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | "help";
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  return options.break === undefined ? torture(options, args) : breakIt(options, options.break);
}

async function torture(options: Options, args: readonly string[]): Promise<number> {
  const played = await play({ ...options, fault: undefined, progress: progressLine });
  const report = reportOf(options, played);
  endProgress();
  process.stdout.write(options.output === "json" ? `${JSON.stringify(report)}\n` : `${wordsOf(report)}\n`);
  if (isClean(played)) return 0;
  for (const wrong of wrongsOf(played)) process.stderr.write(`${wrong}\n`);
  const replay = args.filter((word) => word !== "--json" && word !== "--keep");
  process.stderr.write(`\nReplay: npm run torture -- ${replay.join(" ")}\n`);
  if (options.afterwards === "keep") process.stderr.write(`The world lies in ${played.directory}\n`);
  return 1;
}

/** Plants each fault and counts the seeds until the world is not clean; a fault that goes unnoticed is a failure. */
async function breakIt(options: Options, name: string): Promise<number> {
  const faults = plantedFaults.filter((fault) => name === "all" || fault.name === name);
  if (faults.length === 0) {
    process.stderr.write(`There is no fault called ${name}: ${plantedFaults.map((fault) => fault.name).join(", ")}\n`);
    return 2;
  }
  const results: Record<string, FoundFault | "not found"> = {};
  for (const fault of faults) {
    results[fault.name] = (await findFault(options, fault)) ?? "not found";
    endProgress();
    process.stderr.write(`${fault.name}: ${JSON.stringify(results[fault.name])}\n`);
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
  return Object.values(results).includes("not found") ? 1 : 0;
}

interface FoundFault {
  /** How many seeds it took. */
  readonly seeds: number;
  readonly seconds: number;
  /** The first of what gave it away. */
  readonly by: string;
}

/** A seed counts only when the same schedule is clean without the fault: else it was something else that showed. */
async function findFault(options: Options, fault: PlantedFault): Promise<FoundFault | undefined> {
  const since = performance.now();
  const roles = fault.fleet ?? options.roles;
  for (let tried = 1; tried <= options.seeds; tried++) {
    const order = { ...options, roles, seed: options.seed + tried - 1 };
    const progress = (line: string) => progressLine(`${fault.name}: ${line}`);
    const [by] = wrongsOf(await play({ ...order, fault: fault.name, progress }));
    if (by === undefined) continue;
    const [without] = wrongsOf(await play({ ...order, fault: undefined, progress }));
    if (without === undefined) return { seeds: tried, seconds: Math.round((performance.now() - since) / 1000), by };
    process.stderr.write(`seed ${order.seed} is not clean without a fault either: ${without}\n`);
  }
  return undefined;
}

function wrongsOf({ wrongs }: Played): readonly string[] {
  return Object.entries(wrongs).flatMap(([kind, found]) => found.map((what: string) => `${kind}: ${what}`));
}

function reportOf({ kills }: Options, { wrongs, seconds }: Played) {
  const { lost, duplicated, silent, leaked } = wrongs;
  return {
    kills,
    lost: lost.length,
    duplicated: duplicated.length,
    silent: silent.length,
    leaked: leaked.length,
    seconds: Math.round(seconds),
  };
}

function wordsOf(report: ReturnType<typeof reportOf>): string {
  return Object.entries(report)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function isClean({ wrongs }: Played): boolean {
  return Object.values(wrongs).every((found) => found.length === 0);
}
