import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const script = join(import.meta.dirname, "../../scripts/prerequisites.ts");
const all = ["bwrap", "socat", "rg", "git", "setpriv", "prlimit"];
let bin: string;

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "baton-bin-"));
});
afterEach(() => rmSync(bin, { recursive: true, force: true }));

function have(...programs: readonly string[]): void {
  for (const program of programs) symlinkSync("/bin/true", join(bin, program));
}

/** An apt-get that writes down how it was called, and does what `body` says. */
function haveApt(body: string): void {
  const path = join(bin, "apt-get");
  writeFileSync(path, `#!/bin/sh\necho "$*" >> ${bin}/calls\n${body}\n`);
  chmodSync(path, 0o755);
}

const aptCalls = (): readonly string[] => {
  const path = join(bin, "calls");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
};

function check(env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    env: { PATH: bin, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("the prerequisites", () => {
  it("are silent when nothing is missing", () => {
    have(...all);
    expect(check()).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("name what is missing and the line to run where apt is not at hand", () => {
    have("git", "socat", "setpriv", "prlimit");
    const { status, stdout, stderr } = check();
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("Baton needs bwrap, rg, which are not installed here.");
    expect(stderr).toContain("apt-get install -y --no-install-recommends bubblewrap ripgrep\n");
  });

  it.runIf(process.getuid?.() === 0)("are installed as root, saying so, each package once", () => {
    have("git", "socat", "bwrap");
    haveApt(`[ "$1" = update ] || for p in rg setpriv prlimit; do /bin/ln -s /bin/true ${bin}/$p; done`);
    const { status, stdout, stderr } = check();
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("Installing ripgrep, util-linux with apt-get");
    expect(aptCalls()).toEqual(["update", "install -y --no-install-recommends ripgrep util-linux"]);
  });

  it("are not installed when that is forbidden", () => {
    have("git");
    haveApt("true");
    expect(check({ BATON_NO_APT: "1" }).status).toBe(1);
    expect(aptCalls()).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)("stop with the line to run when apt fails, or did not help", () => {
    have("git");
    haveApt("exit 100");
    expect(check()).toMatchObject({ status: 1, stderr: expect.stringContaining("apt-get install -y") });
    haveApt("true");
    expect(check()).toMatchObject({ status: 1, stderr: expect.stringContaining("apt-get install -y") });
  });
});
