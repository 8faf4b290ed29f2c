import { chown, cp, lchown, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Identity } from "../sandbox/identity.ts";
import type { ContextFile } from "../types.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { removeTrees } from "./remove.ts";

export interface WorkspaceOrder {
  readonly root: string;
  readonly identity: Identity;
  readonly files: string | undefined;
  readonly context: readonly ContextFile[];
  readonly agentFiles: readonly ContextFile[];
}

export interface Workspace {
  readonly layout: Layout;
  /** Paths of the operator's files, relative to the clone. */
  readonly providedPaths: readonly string[];
}

/**
 * Empties a task's workspace directory and makes the places of a run in it. Nothing of the repository is here yet, and
 * nothing hostile runs: the only time the app writes below `root`. The outbox of an earlier run is emptied too.
 */
export async function makeWorkspace(order: WorkspaceOrder): Promise<Workspace> {
  const layout = layoutOf(order.root);
  await mkdir(layout.root, { recursive: true });
  await removeTrees((await readdir(layout.root)).map((name) => join(layout.root, name)));
  for (const path of [layout.repo, layout.home, layout.tmp, layout.answer, layout.exporter])
    await mkdir(path, { mode: 0o700 });
  for (const path of [layout.agent, layout.context, layout.provided]) await mkdir(path, { mode: 0o700 });
  await mkdir(layout.outbox, { mode: 0o700 });
  await writeFiles(layout.context, order.context);
  await writeFiles(layout.agent, order.agentFiles);
  const providedPaths = await copyProvided(order, layout);
  await giveTo(order.identity, layout);
  return { layout, providedPaths };
}

async function writeFiles(dir: string, files: readonly ContextFile[]): Promise<void> {
  for (const { name, content } of files) await writeFile(join(dir, safeName(name)), content);
}

/** Copied by the app, because they may be readable for it alone; put into the clone inside the sandbox. */
async function copyProvided({ files }: WorkspaceOrder, layout: Layout): Promise<readonly string[]> {
  if (files === undefined) return [];
  await cp(files, layout.provided, { recursive: true, verbatimSymlinks: true });
  const entries = await readdir(layout.provided, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(layout.provided, join(entry.parentPath, entry.name)));
}

async function giveTo({ uid, gid, dropped }: Identity, layout: Layout): Promise<void> {
  if (!dropped) return;
  for (const path of [layout.repo, layout.home, layout.tmp, layout.answer, layout.exporter])
    await chown(path, uid, gid);
  for (const path of [layout.agent, layout.context, layout.provided]) {
    await chown(path, uid, gid);
    for (const name of await readdir(path, { recursive: true })) await lchown(join(path, name), uid, gid);
  }
}

function safeName(name: string): string {
  if (/^[\w][\w.-]{0,100}$/.test(name)) return name;
  throw Object.assign(new Error("a context file needs a plain name"), { code: "BAD_CONTEXT_NAME" });
}
