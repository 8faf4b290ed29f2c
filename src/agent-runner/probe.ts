import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./process.ts";
import { openBox, systemPath } from "./sandbox/box.ts";
import { claimIdentity, releaseIdentity } from "./sandbox/identity.ts";
import type { SandboxCommand } from "./sandbox/protocol.ts";
import type { Box, ProbeResult } from "./types.ts";
import { removeTrees } from "./workspace/remove.ts";

/** Programs a run needs, with the Debian package each comes in. */
const needed = {
  srt: { bwrap: "bubblewrap", socat: "socat", rg: "ripgrep", git: "git", setpriv: "util-linux", prlimit: "util-linux" },
  none: { git: "git", setpriv: "util-linux", prlimit: "util-linux" },
} as const;

/**
 * Whether agents can run isolated here. Runs a tiny command in the real sandbox, which must not see a file of ours nor
 * have a network; anything less is a refusal, never a weaker sandbox (agents.md §4.5).
 */
export async function probeSandbox(box: Box, onWarning: (message: string) => void): Promise<ProbeResult> {
  if (process.platform !== "linux") return refused([], "Agents run isolated on Linux only.");
  const missing = await missingPackages(needed[box.driver]);
  if (missing.length > 0) return refused(missing, `Install what is missing: apt-get install -y ${missing.join(" ")}`);
  const root = await mkdtemp(join(tmpdir(), "baton-probe-"));
  const identity = await claimIdentity(box.driver);
  try {
    await writeFile(join(root, "canary"), "readable");
    const opened = await openBox({ root, box, identity, reach: [], onOutput: () => {}, onWarning });
    if (opened.kind === "refused") return refused([], remedyFor(opened.detail));
    const end = await opened.box.run(tinyCommand(root, box)).finally(opened.box.close);
    if (end.kind === "exited" && end.code === 0) return { ok: true };
    return refused(
      [],
      end.kind === "broken" ? remedyFor(end.detail) : remedyFor(`The sandbox does not isolate: ${end.tail}`),
    );
  } finally {
    releaseIdentity(identity);
    await removeTrees([root]);
  }
}

function tinyCommand(root: string, { driver, limits }: Box): SandboxCommand {
  const isolated = `test ! -e "${root}/canary" && [ "$(wc -l </proc/net/dev)" -le 3 ] || { echo "a file or the network of the host is in reach"; exit 1; }`;
  return {
    argv: ["/bin/bash", "-c", driver === "none" ? "true" : isolated],
    cwd: "/",
    env: { PATH: systemPath },
    stdin: "",
    read: [],
    write: [],
    denyWrite: [],
    network: [],
    limits: { ...limits, fileMb: limits.diskMb, wallMs: 20_000, idleMs: 20_000 },
  };
}

/** The packages of those programs that are not installed. */
export async function missingPackages(programs: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const script = 'for program; do command -v "$program" >/dev/null || echo "$program"; done';
  const found = await runTool(
    { argv: ["/bin/sh", "-c", script, "sh", ...Object.keys(programs)], cwd: "/", env: { PATH: systemPath } },
    10,
  );
  return [...new Set(found.stdout.split("\n").flatMap((program) => programs[program] ?? []))].sort();
}

/** What an operator can do about a sandbox that does not start. */
export function remedyFor(detail: string): string {
  const shown = detail.slice(0, 600);
  if (/EACCES|permission denied.*\.ts|Cannot find module/i.test(detail)) {
    return `The run's unprivileged user cannot read this installation. Make it readable (chmod -R go+rX on the checkout and its node_modules), or start the app as an ordinary user. (${shown})`;
  }
  if (/namespace|uid map|Operation not permitted|pivot_root|Can't mount proc|setting up/i.test(detail)) {
    return [
      "This system does not let programs make namespaces.",
      "In Docker: run with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined` (compose: security_opt).",
      "On Ubuntu 24.04 or later: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0.",
      "Elsewhere: sysctl -w kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0.",
      `(${shown})`,
    ].join(" ");
  }
  return `The sandbox does not start: ${shown}`;
}

function refused(missing: readonly string[], remedy: string): ProbeResult {
  return { ok: false, missing, remedy };
}
