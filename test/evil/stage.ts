import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

const unshare = [
  "unshare",
  "--net",
  "--mount",
  "--pid",
  "--ipc",
  "--uts",
  "--fork",
  "--kill-child",
  "--mount-proc",
  "--propagation",
  "private",
  "--",
];

/** Where the evil agent meets the host: in namespaces made for it, or among everything else on this machine. */
export type Ground = "stage" | "bare";

/** Which ground this process stands on. */
export function groundHere(): Ground {
  return hostname() === "evil-stage" ? "stage" : "bare";
}

/** Whether namespaces can be made here: as root, where the kernel lets us, with `ip` at hand. */
export function canStage(): boolean {
  if (process.getuid?.() !== 0) return false;
  const [file = "", ...args] = [...unshare, "ip", "link", "set", "lo", "up"];
  return spawnSync(file, args, { stdio: "ignore" }).status === 0;
}

/** Runs a program in namespaces of its own, which end with it and take everything along. @returns its exit code */
export async function onStage(command: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "evil-stage-"));
  const resolver = join(directory, "resolv.conf");
  writeFileSync(resolver, "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
  try {
    const words = [
      "--pdeathsig",
      "KILL",
      "--",
      ...unshare,
      join(import.meta.dirname, "stage.sh"),
      resolver,
      ...command,
    ];
    const child = spawn("setpriv", words, { stdio: "inherit" });
    // The terminal tells the whole group; we only have to live until the stage is taken down.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => child.kill("SIGKILL"));
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
