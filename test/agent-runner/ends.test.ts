import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { it as base, describe, expect } from "vitest";
import { createRunner, type RunRequest } from "../../src/agent-runner/index.ts";
import { isAlive, readProcesses, treeBelow } from "../../src/agent-runner/sandbox/processes.ts";
import { type Host, openHost, processesMentioning } from "./host.ts";

const isRoot = process.getuid?.() === 0;

const it = base.extend<{ host: Host }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixtures a fixture needs from this pattern.
  host: async ({}, use) => {
    const host = openHost();
    await use(host);
    host.close();
  },
});

// Concurrent, because most of these wait for a limit.
describe.concurrent("the end of a run", () => {
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await pause(20);
  };
  const started = (host: Host) => () => existsSync(join(host.workspace.root, "repo", "started"));
  /** Programs that try to outlive the run. The directory in their arguments makes them findable. */
  const survivors = (host: Host) => `
    setsid nohup tail -f /dev/null ${host.dir} >/dev/null 2>&1 &
    (trap '' TERM HUP INT; setsid sleep 1000 <&- >&- 2>&- & )
    node -e 'require("child_process").spawn("tail", ["-f", "/dev/null", "${host.dir}"], { detached: true, stdio: "ignore" }).unref()'
    touch started`;

  it("comes within seconds when somebody stops it, daemons and all", async ({ host }) => {
    const stop = new AbortController();
    const ending = host.run(`${survivors(host)}\nsleep 1000`, {}, stop.signal);
    await until(started(host));
    const from = performance.now();
    stop.abort();
    const { outcome, warnings } = await ending;
    expect(outcome).toEqual({ kind: "stopped" });
    // Less than any limit; a loaded machine takes several seconds to end so many processes.
    expect(performance.now() - from).toBeLessThan(30_000);
    expect(processesMentioning(host.dir)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("is `stopped` also when it was stopped before it began, or while it was being set up", async ({ host }) => {
    expect((await host.run("true", {}, AbortSignal.abort())).outcome).toEqual({ kind: "stopped" });
    const stop = new AbortController();
    const ending = host.run("true", { setup: { run: ["touch started; sleep 1000"], network: [] } }, stop.signal);
    await until(started(host));
    stop.abort();
    expect((await ending).outcome).toEqual({ kind: "stopped" });
  });

  it("leaves no daemon to change the work while it is taken out", async ({ host }) => {
    const { outcome } = await host.run(`${survivors(host)}
      setsid bash -c 'while :; do echo $RANDOM > late.txt; done' >/dev/null 2>&1 &
      echo x > greeting.txt`);
    expect(outcome.kind).toBe("changed");
    expect(processesMentioning(host.dir)).toEqual([]);
  });

  it("takes everything with it when the app is killed", async ({ host }) => {
    const app = startApp(requestOf(host, host.program(`${survivors(host)}\nsleep 1000`)));
    await until(started(host));
    const everything = treeBelow(await readProcesses(), app.pid ?? 0);
    expect(everything.length).toBeGreaterThan(8);
    app.kill("SIGKILL");
    // Supervisor, relays, sandbox, daemons: each by its id, because what is left has no parent any more.
    await until(async () =>
      (await readProcesses()).filter(isAlive).every((left) => !everything.some((was) => was.pid === left.pid)),
    );
    await createRunner().cleanUp(host.workspace.root);
    expect(existsSync(host.workspace.root)).toBe(false);
  });

  it("comes by itself when the time is up", async ({ host }) => {
    const { outcome } = await host.run("while :; do echo busy; sleep 0.1; done", {
      limits: { minutes: 0.03, idleMinutes: 1 },
    });
    expect(outcome).toEqual({ kind: "limit", which: "minutes" });
  });

  it("comes even when the run's own supervisor hangs", async ({ host }) => {
    const ending = host.run("touch started; sleep 1000", { limits: { minutes: 0.05, idleMinutes: 1 } });
    await until(started(host));
    process.kill(await supervisorOf(host), "SIGSTOP");
    expect((await ending).outcome).toEqual({ kind: "limit", which: "minutes" });
  });

  it("counts setup and agent on one clock", async ({ host }) => {
    const setup = { run: ["sleep 1000"], network: [] };
    const { outcome } = await host.run("true", { setup, limits: { minutes: 0.03, idleMinutes: 1 } });
    expect(outcome).toEqual({ kind: "limit", which: "minutes" });
  });

  it("comes when nothing happens any more, but not while something computes in silence", async ({ host }) => {
    const limits = { minutes: 1, idleMinutes: 0.03 };
    expect((await host.run("sleep 1000", { limits })).outcome).toEqual({ kind: "limit", which: "idle" });
    const busy = await host.run("timeout 4 bash -c 'while :; do :; done'; echo x > greeting.txt", { limits });
    expect(busy.outcome.kind).toBe("changed");
  });

  it("is a value even for a fork bomb, and the host stays free", async ({ host }) => {
    const { outcome } = await host.run("bomb() { bomb | bomb & }; bomb; sleep 1000", {
      limits: { minutes: 0.05, idleMinutes: 1 },
    });
    expect(outcome).toEqual({ kind: "limit", which: "minutes" });
    expect(processesMentioning(host.dir)).toEqual([]);
  });

  it("bounds the number of processes", async ({ host }) => {
    const script = `node -e '
      const children = Array.from({ length: 200 }, () => require("child_process").spawn("sleep", ["100"]).on("error", () => {}));
      console.log("children:", children.filter((child) => child.pid).length);
      process.exit();'`;
    const box = { driver: "srt", limits: { memoryMb: 1024, pids: 40, diskMb: 300 } } as const;
    const { output } = await host.run(script, { box });
    const children = Number(/children: (\d+)/.exec(output)?.[1]);
    expect(children).toBeGreaterThan(10);
    expect(children).toBeLessThanOrEqual(60);
  });

  const small = { driver: "srt", limits: { memoryMb: 200, pids: 128, diskMb: 100 } } as const;
  it.for([
    ["memory", "node -e 'const all = []; for (;;) all.push(Buffer.alloc(20e6, 1))'"],
    ["memory", "for i in 1 2 3 4 5; do head -c 99000000 /dev/zero > /tmp/$i; done; sleep 1000"],
    ["disk", "for i in 1 2 3; do head -c 60000000 /dev/urandom > $i; done; sleep 1000"],
    ["disk", 'head -c 90000000 /dev/urandom > "$HOME/a"; head -c 90000000 /dev/urandom > "$TMPDIR/b"; sleep 1000'],
    ["output", "cat /dev/zero"],
  ] as const)("comes for too much %s: %s", async ([which, script], { host }) => {
    expect((await host.run(script, { box: small })).outcome).toEqual({ kind: "limit", which });
  });

  it("spares what stays within the limits", async ({ host }) => {
    const { outcome } = await host.run(
      "node -e 'Buffer.alloc(60e6, 1)'; head -c 50000000 /dev/zero > /tmp/a; rm /tmp/a; echo x > greeting.txt",
      { box: small },
    );
    expect(outcome.kind).toBe("changed");
  });

  it.runIf(isRoot)("is the same for an app that runs as an ordinary user", async ({ host }) => {
    const nobody = 65_534;
    const agent = host.program("id -u; echo x > greeting.txt; ls /tmp");
    const theirs = mkdtempSync("/tmp/bt-user-");
    try {
      cpSync(host.dir, theirs, { recursive: true });
      execFileSync("chown", ["-R", String(nobody), theirs]);
      const moved = JSON.parse(JSON.stringify(requestOf(host, agent)).replaceAll(host.dir, theirs)) as RunRequest;
      const said = await textOf(startApp(moved, nobody));
      expect(said).toContain('"kind":"changed"');
      expect(said.split("\n")).toContain(String(nobody));
      expect(processesMentioning(theirs)).toEqual([]);
    } finally {
      rmSync(theirs, { recursive: true });
    }
  });
});

/** The supervisor above this host's agent, found from below: other tests have theirs at the same time. */
async function supervisorOf(host: Host): Promise<number> {
  const processes = await readProcesses();
  const commandOf = (pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };
  let at = processes.find((entry) => isAlive(entry) && commandOf(entry.pid).includes(`${host.dir}/programs/agent`));
  while (at && !commandOf(at.pid).includes("supervisor.ts")) at = processes.find((entry) => entry.pid === at?.parent);
  if (!at) throw new Error("no supervisor found");
  return at.pid;
}

function requestOf(host: Host, agent: string): RunRequest {
  const limits = { minutes: 1, idleMinutes: 1 };
  return {
    ...host.workspace,
    agent: { kind: "command", command: [agent] },
    network: [],
    prompt: "",
    context: [],
    limits,
  };
}

/** The runner in a process of its own, as the app is one. */
function startApp(request: RunRequest, uid?: number): ChildProcess {
  const script = fileURLToPath(new URL("./app-process.ts", import.meta.url));
  const drop = uid ? ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"] : [];
  const [file = "", ...args] = [...drop, process.execPath, script, JSON.stringify(request)];
  return spawn(file, args, { stdio: ["ignore", "pipe", "inherit"], cwd: "/" });
}

async function textOf(app: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of app.stdout ?? []) text += chunk;
  return text;
}
