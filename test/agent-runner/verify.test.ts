import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRunner } from "../../src/agent-runner/index.ts";
import { type Host, openHost, write } from "./host.ts";

describe("verification", () => {
  let host: Host;
  beforeEach(() => {
    host = openHost();
  });
  afterEach(() => host.close());

  it("runs the lines in a fresh clone of the tree it is given, setup and operator's files first", async () => {
    write(host.dir, { "files/.env": "A=1\n" });
    const { outcome } = await host.run(
      "echo bye > greeting.txt; touch left-over; rm left-over; echo ignored > ../tmp/x",
    );
    const { tip } = host.imported(outcome);
    host.git(
      host.mirror,
      "fetch",
      "--quiet",
      join(host.workspace.root, "outbox/change.bundle"),
      "refs/heads/change:refs/heads/change",
    );
    const end = await host.verify(["test -f ready", 'cat .env greeting.txt; ls -A "$TMPDIR"'], {
      source: { ...host.workspace.source, sha: tip },
      setup: { run: ["touch ready"], network: [] },
      files: join(host.dir, "files"),
    });
    expect(end).toEqual({ kind: "passed", tail: "A=1\nbye\n", blockedHosts: [] });
  });

  it("fails with the line, its exit code and its tail", async () => {
    const end = await host.verify(["true", "echo expected 3 got 4; exit 7", "touch never"]);
    expect(end).toEqual({
      kind: "failed",
      command: "echo expected 3 got 4; exit 7",
      exitCode: 7,
      tail: "expected 3 got 4\n",
      blockedHosts: [],
    });
  });

  it("keeps the last 64 KiB of what a line printed", async () => {
    const end = await host.verify(["seq 1 100000; exit 1"]);
    expect(end.kind === "failed" && end.tail.length).toBeGreaterThan(60_000);
    expect(end.kind === "failed" && end.tail.length).toBeLessThanOrEqual(65_536);
    expect(end).toHaveProperty("tail", expect.stringMatching(/99999\n100000\n$/));
  });

  it("names the host a line was kept from", async () => {
    expect(await host.verify(["curl -sf http://registry.example.com/"])).toMatchObject({
      kind: "failed",
      blockedHosts: ["registry.example.com:80"],
    });
  });

  it("says when setup fails, and when a line runs out of time", async () => {
    expect(await host.verify(["true"], { setup: { run: ["echo no luck; false"], network: [] } })).toMatchObject({
      kind: "setup_failed",
      detail: expect.stringContaining("no luck"),
    });
    expect(await host.verify(["sleep 600"], { minutes: 0.01 })).toMatchObject({
      kind: "failed",
      exitCode: -1,
      tail: expect.stringContaining("minutes"),
    });
  });

  it("stops when it is told to, and its workspace can be removed whatever it left there", async () => {
    const stop = new AbortController();
    const runner = createRunner();
    const started = join(host.workspace.root, "repo", "started");
    const ending = runner.verify(
      {
        ...host.workspace,
        commands: ["mkdir -p d/e; touch d/e/f; chmod 000 d; touch started; sleep 600"],
        network: [],
        minutes: 1,
      },
      { signal: stop.signal },
    );
    await appears(started);
    stop.abort();
    expect(await ending).toEqual({ kind: "stopped" });
    writeFileSync(join(host.dir, "beside"), "");
    await runner.cleanUp(host.workspace.root);
    await runner.cleanUp(host.workspace.root);
  });
});

async function appears(path: string): Promise<void> {
  const { existsSync } = await import("node:fs");
  const { setTimeout: pause } = await import("node:timers/promises");
  while (!existsSync(path)) await pause(20);
}
