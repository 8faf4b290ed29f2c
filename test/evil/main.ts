import { type Options, readOptions, usage } from "./options.ts";
import { report } from "./report.ts";
import { canStage, groundHere, onStage } from "./stage.ts";
import { trials } from "./trials/index.ts";
import { tryAll } from "./try-all.ts";

/** `npm run test:evil`: everything a hostile agent can try, once without walls and once in the sandbox. */

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  let options: Options | "help" | "list";
  try {
    options = readOptions(args, trials);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  if (options === "list") {
    const lines = trials.flatMap(({ name, vectors }) => [
      `${name}`,
      ...vectors.map((one) => `  ${one.name}: ${one.what}`),
    ]);
    process.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  }
  // An agent without walls must have nothing of this machine to meet.
  if (groundHere() === "bare" && canStage()) return onStage([process.execPath, import.meta.filename, ...args]);
  const since = performance.now();
  const tried = await tryAll(options);
  return report({ ...tried, seconds: (performance.now() - since) / 1000, output: options.output });
}
