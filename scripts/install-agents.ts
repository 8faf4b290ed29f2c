import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkAgent, installAgent } from "./agents/install.ts";

/**
 * `npm run agents:install codex` brings the agents whose exact versions stand in `agents/<name>/` to `.agents/<name>/`,
 * which git ignores (or to `AGENTS_DIR`, as for Baton itself). With `--check` it only says what is there. Ends with 1 when an agent is not there afterwards.
 */

const manifests = fileURLToPath(new URL("../agents/", import.meta.url));
const installed = resolve(process.env.AGENTS_DIR || fileURLToPath(new URL("../.agents/", import.meta.url)));
const known = readdirSync(manifests, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

process.exitCode = await main();

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { check: { type: "boolean" } } });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (positionals.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) console.error(`No such agent: ${unknown.join(", ")}.`);
    console.error(`Usage: npm run agents:install [-- --check] <agent> …   Agents: ${known.join(", ")}`);
    return 2;
  }
  let failures = 0;
  for (const agent of positionals) {
    const order = { agent, manifests, installed, say: (line: string) => console.error(line) };
    if (!(await (values.check ? checkAgent(order) : installAgent(order)))) failures++;
  }
  return failures === 0 ? 0 : 1;
}
