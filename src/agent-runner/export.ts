import { constants } from "node:fs";
import { copyFile, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OpenBox } from "./sandbox/box.ts";
import type { CommandEnd } from "./sandbox/protocol.ts";
import { type Bench, exportCommand } from "./workspace/commands.ts";

export type Exported =
  | { readonly kind: "nothing" }
  | { readonly kind: "bundle"; readonly path: string; readonly tip: string }
  | { readonly kind: "unfit"; readonly detail: string }
  | { readonly kind: "ended"; readonly end: Exclude<CommandEnd, { kind: "exited" }> };

/**
 * Takes the work tree out as a bundle in the outbox (security.md T25, T27). To be called when the agent's processes are
 * dead. `unfit`: git cannot make a tree of what was left (a pipe in the place of a file, a file without permissions).
 */
export async function exportChange(box: OpenBox, bench: Bench): Promise<Exported> {
  const { layout, providedPaths } = bench.workspace;
  const list = join(layout.exporter, "provided");
  await writeFile(list, providedPaths.map((path) => `${path}\0`).join(""));
  const end = await box.run(exportCommand(bench, list));
  if (end.kind !== "exited") return { kind: "ended", end };
  if (end.code !== 0) return { kind: "unfit", detail: end.tail.trim().slice(-2000) };
  const outcome = (await readOwn(join(layout.exporter, "outcome"), 100)).trim();
  if (outcome === "none") return { kind: "nothing" };
  const path = join(layout.outbox, "change.bundle");
  // The exporter's directory belongs to the run's user. What leaves it belongs to the app.
  await copyFile(join(layout.exporter, "change.bundle"), path, constants.COPYFILE_EXCL);
  return { kind: "bundle", path, tip: outcome };
}

/** Reads a small file of our exporter without following a link. */
async function readOwn(path: string, size: number): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
