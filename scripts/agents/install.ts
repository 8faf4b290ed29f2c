import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { runNpm } from "./npm.ts";
import { megabytesIn } from "./size.ts";

export interface InstallOrder {
  readonly agent: string;
  /** Directory of the manifests: `<agent>/package.json` and `<agent>/package-lock.json`. */
  readonly manifests: string;
  /** Directory the agents are installed in. */
  readonly installed: string;
  /** Tells people what goes on, a line at a time. */
  readonly say: (line: string) => void;
}

const progressEveryMs = 3000;

/**
 * Installs one agent exactly as its lockfile says, without running scripts of packages. Installed beside and then put in
 * place, so that an agent is there as a whole or not at all; nothing is done when it is there already. False, with the
 * reason said, when it could not be installed.
 */
export async function installAgent(order: InstallOrder): Promise<boolean> {
  const { agent, manifests, installed, say } = order;
  if (await isInstalled(order)) {
    say(`${agent} is installed already.`);
    return true;
  }
  const beside = join(installed, `${agent}.new-${process.pid}`);
  await mkdir(beside, { recursive: true });
  try {
    for (const name of ["package.json", "package-lock.json"])
      await cp(join(manifests, agent, name), join(beside, name));
    say(`Installing ${agent} with npm${await expectedSize(order)}.`);
    const from = performance.now();
    const failure = await withProgress(beside, say, () => runNpm(["ci", "--ignore-scripts"], beside));
    if (failure) {
      say(`${agent} could not be installed. ${failure}`);
      return false;
    }
    await putInPlace(beside, join(installed, agent));
    const seconds = ((performance.now() - from) / 1000).toFixed(0);
    say(`${agent} is installed: ${await megabytesIn(join(installed, agent))} MB in ${seconds} s.`);
    return true;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Says whether an agent is installed as its lockfile says. */
export async function checkAgent(order: InstallOrder): Promise<boolean> {
  const there = await isInstalled(order);
  order.say(there ? `${order.agent} is installed.` : `${order.agent} is not installed in the version wanted.`);
  return there;
}

/** The lockfile is kept beside the packages: it moved into place together with them. */
async function isInstalled({ agent, manifests, installed }: InstallOrder): Promise<boolean> {
  const lockOf = (dir: string) => readFile(join(dir, agent, "package-lock.json"), "utf8").catch(() => undefined);
  const wanted = await lockOf(manifests);
  return wanted !== undefined && wanted === (await lockOf(installed));
}

/** The operator's disk and patience: said before, from a note in the manifest. */
async function expectedSize({ agent, manifests }: InstallOrder): Promise<string> {
  const manifest: { installedMegabytes?: number } = JSON.parse(
    await readFile(join(manifests, agent, "package.json"), "utf8"),
  );
  return manifest.installedMegabytes === undefined ? "" : `: about ${manifest.installedMegabytes} MB on disk`;
}

async function withProgress<T>(dir: string, say: InstallOrder["say"], work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const telling = setInterval(() => {
    void megabytesIn(dir).then((mb) => say(`  … ${mb} MB after ${((performance.now() - from) / 1000).toFixed(0)} s`));
  }, progressEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(telling);
  }
}

async function putInPlace(from: string, to: string): Promise<void> {
  const former = `${to}.old-${process.pid}`;
  await rename(to, former).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(from, to);
  await rm(former, { recursive: true, force: true });
}
