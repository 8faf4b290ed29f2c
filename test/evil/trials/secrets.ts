import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ListenOptions } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { gitIn } from "../plain-git.ts";
import { kill } from "../processes.ts";
import { groundHere } from "../stage.ts";
import { type Driver, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { makeMirror, withYard, type Yard } from "../yard.ts";

const files = {
  "file:app-key": "the App's private key, in the data directory",
  "file:settings": "baton.yml",
  "file:dot-env": ".env beside it",
  "file:log": "the app's log",
  "file:other-run": "a file in another run's workspace",
  "file:other-answer": "another run's result file",
  "file:provided": "files the operator provides for another repository",
  "file:ssh-key": "an SSH key in the operator's home",
  "file:git-credentials": "git's stored credentials in the operator's home",
  "file:temporary": "a file in the system's temporary directory that everybody may read",
  "file:beside-program": "what lies one directory above its program",
} as const;

const vectors: readonly Vector[] = [
  ...Object.entries(files).map(([name, what]) => ({ name, threat: "T16", what })),
  { name: "sweep-of-files", threat: "T16", what: "any canary in any file it can read" },
  { name: "names-of-other-workspaces", threat: "T16", what: "what other tasks there are" },
  { name: "environment-of-processes", threat: "T16", what: "secrets in the environment of the app" },
  { name: "arguments-of-processes", threat: "T16", what: "secrets on command lines" },
  { name: "memory-of-processes", threat: "T16", what: "secrets in the memory of another process" },
  { name: "open-files-of-processes", threat: "T16", what: "a deleted file that another process still holds open" },
  { name: "root-of-processes", threat: "T16", what: "files through the root directory of another process" },
  { name: "objects-of-another-repository", threat: "T16", what: "an object in the mirror of another repository" },
  { name: "unix-socket", threat: "T16", what: "a service behind a unix socket, such as the database" },
  { name: "abstract-socket", threat: "T16", what: "a service behind a socket without a file" },
  { name: "shared-memory-of-the-host", threat: "T16", what: "System V memory of the host" },
];

/** What the agent must not read: every place holds a canary of its own, so that loot tells where it comes from. */
export const secretsTrial: Trial = {
  name: "secrets",
  vectors,
  async play(driver: Driver): Promise<Findings> {
    return withYard(driver, async (yard) => {
      const planted = await plant(yard);
      const ran = await yard.run({ attempts: vectors.map(({ name }) => name), targets: planted.targets });
      const loot = ran.output.split("\n").filter((line) => line.startsWith("LOOT "));
      return Object.fromEntries(
        vectors.map(({ name }) => {
          if (!ran.tried(name)) return [name, { kind: "untried", how: JSON.stringify(ran.outcome).slice(0, 300) }];
          const wanted = planted.canaries[name] ?? [];
          const found = loot.filter(
            (line) => line.startsWith(`LOOT ${name} `) && wanted.some((word) => line.includes(word)),
          );
          return [name, finding(found.length > 0, found[0] ?? "nothing was read")];
        }),
      );
    });
  },
};

async function plant(yard: Yard) {
  const canaries: Record<string, readonly string[]> = {};
  const places: Record<string, string> = {};
  const own = mkdtempSync(join(homedir(), ".baton-evil-"));
  yard.afterwards(() => rmSync(own, { recursive: true }));
  const names: Readonly<Record<string, string>> = {
    "file:app-key": "data/key.pem",
    "file:settings": "baton.yml",
    "file:dot-env": ".env",
    "file:log": "data/baton.log",
    "file:other-run": "data/workspaces/501-2/repo/secret.txt",
    "file:other-answer": "data/workspaces/501-2/answer/result.json",
    "file:provided": "files/other/.env",
    "file:temporary": "temporary.txt",
    "file:beside-program": "programs/notes.txt",
    "file:ssh-key": join(own, "id_ed25519"),
    "file:git-credentials": join(own, ".git-credentials"),
  };
  for (const [name, path] of Object.entries(names)) {
    const canary = yard.canary(name.replace(":", "-"));
    canaries[name] = [canary];
    places[name] = path.startsWith("/") ? writeAt(path, canary) : yard.write(path, `${canary}\n`);
  }
  const task = yard.canary("task");
  yard.write(`data/workspaces/${task}/x`, "");
  canaries["names-of-other-workspaces"] = [task];
  const victim = await startVictim(yard, canaries);
  const socket = yard.canary("unix-socket");
  const abstract = yard.canary("abstract-socket");
  await serve(yard, { path: join(yard.dir, "database.sock"), readableAll: true, writableAll: true }, socket);
  await serve(yard, { path: `\0${yard.mark}` }, abstract);
  Object.assign(canaries, { "unix-socket": [socket], "abstract-socket": [abstract] });
  const [sharedMemory, shared] = [makeSharedMemory(yard), yard.canary("shared-memory")];
  execFileSync("perl", ["-e", "shmwrite($ARGV[0], $ARGV[1], 0, 64) or die", String(sharedMemory), shared]);
  canaries["shared-memory-of-the-host"] = [shared];
  const other = yard.canary("other-repository");
  const otherMirror = await makeMirror(yard.dir, 501, { "secret.txt": other });
  canaries["objects-of-another-repository"] = [other];
  canaries["sweep-of-files"] = Object.values(canaries).flat();
  // Among everything else on the machine only what we planted is looked at.
  const all = yard.driver === "srt" || groundHere() === "stage";
  const targets = {
    places,
    // The last first: what promises most, then everything else there is to see.
    sweep: yard.driver === "srt" ? ["/", "/etc", "/var", homedir(), "/tmp", yard.dir] : [yard.dir, own],
    pids: all ? "all" : [String(victim.pid)],
    behindRoot: places["file:app-key"],
    workspaces: join(yard.dataDir, "workspaces"),
    socket: join(yard.dir, "database.sock"),
    abstractSocket: yard.mark,
    sharedMemory,
    otherMirror,
    otherBlob: await gitIn(otherMirror, ["rev-parse", "main:secret.txt"]),
  };
  canaries["root-of-processes"] = canaries["file:app-key"] ?? [];
  return { canaries, targets };

  function writeAt(path: string, canary: string): string {
    writeFileSync(path, `${canary}\n`, { mode: 0o644 });
    return path;
  }
}

/** A process of the host with secrets in all the places a process can have them. */
async function startVictim(yard: Yard, canaries: Record<string, readonly string[]>): Promise<ChildProcess> {
  const [environ, words, memory, deleted] = ["environ", "arguments", "memory", "deleted-file"].map(yard.canary);
  const held = openSync(yard.write("held.txt", deleted ?? ""), "r");
  rmSync(join(yard.dir, "held.txt"));
  const script = "read -r secret; echo ready; while :; do sleep 1000 & wait; done";
  const victim = spawn("/bin/bash", ["--norc", "-c", script, "victim", words ?? ""], {
    env: { PATH: "/usr/bin:/bin", SECRET: environ, VICTIM: yard.mark },
    stdio: ["pipe", "pipe", "ignore", held],
  });
  yard.afterwards(() => kill(victim.pid ?? 0));
  // Through a pipe: so it is in memory, and neither in the environment nor on the command line.
  victim.stdin?.write(`${memory}\n`);
  if (victim.stdout) await once(victim.stdout, "data");
  canaries["environment-of-processes"] = [environ ?? ""];
  canaries["arguments-of-processes"] = [words ?? ""];
  canaries["memory-of-processes"] = [memory ?? ""];
  canaries["open-files-of-processes"] = [deleted ?? ""];
  return victim;
}

/** Everybody may read it, as with files: the walls must keep it away, not its mode. */
function makeSharedMemory(yard: Yard): number {
  const segment = Number(/id: (\d+)/.exec(execFileSync("ipcmk", ["-M", "4096", "-p", "0644"]).toString())?.[1]);
  yard.afterwards(() => void execFileSync("ipcrm", ["-m", String(segment)]));
  return segment;
}

async function serve(yard: Yard, at: ListenOptions, says: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(`${says}\n`);
  }).listen(at);
  yard.afterwards(() => void server.close());
  await once(server, "listening");
}
