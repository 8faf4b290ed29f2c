import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRunner } from "../../src/agent-runner/index.ts";
import { missingPackages, remedyFor } from "../../src/agent-runner/probe.ts";
import { type Host, openHost } from "./host.ts";

const limits = { memoryMb: 512, pids: 64, diskMb: 100 };

describe("the probe", () => {
  it("finds that agents can run isolated here", async () => {
    expect(await createRunner().probe({ driver: "srt", limits })).toEqual({ ok: true });
  });

  it("names the packages of programs that are missing", async () => {
    expect(await missingPackages({ bash: "bash", "no-such-bwrap": "bubblewrap", "no-such-rg": "ripgrep" })).toEqual([
      "bubblewrap",
      "ripgrep",
    ]);
    expect(await missingPackages({ bash: "bash" })).toEqual([]);
  });

  it.each([
    ["bwrap: No permissions to create a new namespace", /seccomp=unconfined.*systempaths=unconfined/],
    ["bwrap: Can't mount proc on /newroot/proc: Operation not permitted", /systempaths/],
    ["Error: EACCES: permission denied, open '/x/supervisor.ts'", /chmod -R go\+rX/],
    ["something new", /something new/],
  ])("says what to do about: %s", (detail, remedy) => {
    expect(remedyFor(detail)).toMatch(remedy);
  });
});

describe("driver none", () => {
  let host: Host;
  beforeEach(() => {
    host = openHost();
  });
  afterEach(() => host.close());

  it("is the same run without any isolation", async () => {
    writeFileSync(join(host.dir, "canary"), "seen");
    const marker = join(host.dir, "written");
    const { outcome, output } = await host.run(
      `cat ${host.dir}/canary; touch ${marker}; echo x > greeting.txt; env | grep -c BATON`,
      {
        box: { driver: "none", limits },
      },
    );
    expect(output).toContain("seen");
    expect(existsSync(marker)).toBe(true);
    expect(host.imported(outcome).changed).toEqual(["M\tgreeting.txt"]);
    expect(await createRunner().probe({ driver: "none", limits })).toEqual({ ok: true });
  });
});
