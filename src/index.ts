import { startApp } from "./app.ts";
import { loadConfig } from "./config.ts";
import { createLog } from "./log.ts";

/** Process entry: `node src/index.ts start`. Ends with 0 after a drain, 1 when it cannot start, 2 for a wrong call. */

const usage = "Usage: npm start   (or: node src/index.ts start)";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.length !== 1 || args[0] !== "start") {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  if (Number(process.versions.node.split(".", 1)[0]) < 24) {
    process.stderr.write(`Baton needs Node 24 or newer and runs on ${process.version}. Start it with \`npm start\`.\n`);
    return 1;
  }
  try {
    return await serve();
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

async function serve(): Promise<number> {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const app = await startApp(config, { log });
  log.info({ url: app.url }, "Baton is ready");
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  log.info({ signal }, "draining: nothing new is started, live runs get 20 seconds");
  await app.drain();
  log.info("Baton has stopped");
  return 0;
}

/** What an operator can mend is said in a sentence; a defect of ours is shown whole. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.message : (error.stack ?? error.message);
}
