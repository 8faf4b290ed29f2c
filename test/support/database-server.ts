import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startEmbedded } from "../../src/orchestrator/store/embedded.ts";
import { quietLog, temporaryDataDir } from "./temporary-data-dir.ts";

/**
 * Global setup: one data directory for all test files. The first file that needs a database sets it up there, later
 * ones join or start the same server again; a run without such files pays nothing. Returns what to do at the end.
 */
export default function setup(project: TestProject): () => Promise<void> {
  const dataDir = temporaryDataDir();
  project.provide("databaseDir", dataDir);
  return async () => {
    // A test file that was killed could not stop the server; whoever joins last can.
    if (existsSync(join(dataDir, "pg18"))) await (await startEmbedded({ dataDir, log: quietLog })).stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
