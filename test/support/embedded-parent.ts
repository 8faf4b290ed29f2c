import { startEmbedded } from "../../src/orchestrator/store/embedded.ts";
import { quietLog } from "./temporary-data-dir.ts";

/** A process that uses an embedded database until it is told `stop` (on standard input) or killed. */
const dataDir = process.argv[2] ?? "";
const server = await startEmbedded({ dataDir, log: quietLog });
console.log("ready");
process.stdin.once("data", async () => {
  await server.stop();
  process.exit(0);
});
