import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A data directory that the database's user can enter even when we are root. Whoever asks removes it. */
export function temporaryDataDir(): string {
  const directory = mkdtempSync(join(tmpdir(), "baton-db-"));
  chmodSync(directory, 0o711);
  return directory;
}

/** Says nothing; a test that cares about the log brings its own. */
export const quietLog = { info() {}, warn() {}, error() {} };
