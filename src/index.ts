import { parseArgs } from "node:util";
import { startApp } from "./app.ts";
import { loadConfig, type Role } from "./config.ts";
import { examine } from "./doctor.ts";
import { createLog } from "./log.ts";

/**
 * Process entry: `node src/index.ts start` and `… doctor`. Ends with 0 after a drain or when all is well, 1 when it cannot
 * start or something is missing, 2 for a wrong call.
 */

const usage = `Usage: npm start   (or: node src/index.ts start [--role all|web|worker])
       npm run doctor   says what is missing here, and changes nothing

  all     everything in one process (the default)
  web     hears webhooks; needs DATABASE_URL
  worker  works: runs, GitHub, reconciling; listens for /healthz and /readyz only when PORT is set`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const isDoctor = args.length === 1 && args[0] === "doctor";
  const role = isDoctor ? "all" : roleOf(args);
  if (role === undefined) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  if (Number(process.versions.node.split(".", 1)[0]) < 24) {
    process.stderr.write(`Baton needs Node 24 or newer and runs on ${process.version}. Start it with \`npm start\`.\n`);
    return 1;
  }
  try {
    return isDoctor ? await diagnose() : await serve(role);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

/** Undefined for a call that we do not understand. */
function roleOf(args: readonly string[]): Role | undefined {
  try {
    const options = { role: { type: "string", default: "all" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (positionals.join(" ") !== "start") return undefined;
    return (["all", "web", "worker"] as const).find((role) => role === values.role);
  } catch {
    return undefined;
  }
}

async function serve(role: Role): Promise<number> {
  const config = loadConfig(undefined, role);
  const log = createLog(config.logLevel);
  const app = await startApp(config, { log, role });
  log.info({ role, ...(app.url === "" ? {} : { url: app.url }) }, "Baton is ready");
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  log.info({ signal }, "draining: nothing new is started, live runs get 20 seconds");
  await app.drain();
  log.info("Baton has stopped");
  return 0;
}

async function diagnose(): Promise<number> {
  const findings = await examine();
  for (const { what, state, words } of findings)
    process.stdout.write(`${state === "well" ? "✓" : "✗"} ${what}: ${words}\n`);
  return findings.every(({ state }) => state === "well") ? 0 : 1;
}

/** What an operator can mend is said in a sentence; a defect of ours is shown whole. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.message : (error.stack ?? error.message);
}
