import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Programs Baton calls that npm cannot bring, and the Debian package each comes in. */
const packageOf = {
  bwrap: "bubblewrap",
  socat: "socat",
  rg: "ripgrep",
  git: "git",
  setpriv: "util-linux",
  prlimit: "util-linux",
} as const;

main();

/**
 * Runs before the tests and the demo: silent when all is there; as root with apt at hand it installs what is missing
 * and says so (`BATON_NO_APT=1` forbids it); otherwise it prints the line to run and ends with 1.
 */
function main(): void {
  assertNode();
  const missing = findMissing();
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => packageOf[program]))];
  console.error(`Baton needs ${missing.join(", ")}, which ${missing.length === 1 ? "is" : "are"} not installed here.`);
  if (!mayInstall() || !install(packages)) giveUp(packages);
  const still = findMissing();
  if (still.length > 0) giveUp([...new Set(still.map((program) => packageOf[program]))]);
}

function assertNode(): void {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 24) return;
  console.error(
    `Baton needs Node 24 or newer; this is ${process.version}. Use the npm scripts, which bring their own.`,
  );
  process.exit(1);
}

function findMissing(): (keyof typeof packageOf)[] {
  return (Object.keys(packageOf) as (keyof typeof packageOf)[]).filter((program) => !isInstalled(program));
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && isInstalled("apt-get") && process.env.BATON_NO_APT !== "1";
}

function install(packages: readonly string[]): boolean {
  console.error(`Installing ${packages.join(", ")} with apt-get, because we are root (BATON_NO_APT=1 forbids it).`);
  return aptGet(["update"]) && aptGet(["install", "-y", "--no-install-recommends", ...packages]);
}

/** Its output passes through as progress, on standard error, so that a demo's `--json` stays clean. */
function aptGet(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", args, { env, stdio: ["ignore", 2, 2] }).status === 0;
}

function giveUp(packages: readonly string[]): never {
  const names = packages.join(" ");
  console.error("Please install what is missing and try again. On Debian or Ubuntu:\n");
  console.error(`  apt-get update && apt-get install -y --no-install-recommends ${names}\n`);
  process.exit(1);
}
