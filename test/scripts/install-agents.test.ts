import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkAgent, installAgent } from "../../scripts/agents/install.ts";
import { type PackageRegistry, startPackageRegistry } from "../support/package-registry.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

describe("installing an agent", () => {
  let dir: string;
  let registry: PackageRegistry;
  let said: string[];
  const order = () => ({
    agent: "tiny",
    manifests: join(dir, "agents"),
    installed: join(dir, ".agents"),
    say: (line: string) => said.push(line),
  });
  const wants = (dependencies: Readonly<Record<string, string>>) => {
    const root = { name: "tiny", version: "0.0.0", dependencies };
    const packages = Object.entries(dependencies).map(([name, version]) => [`node_modules/${name}`, { version }]);
    const lock = { ...root, lockfileVersion: 3, packages: { "": root, ...Object.fromEntries(packages) } };
    mkdirSync(join(dir, "agents/tiny"), { recursive: true });
    writeFileSync(join(dir, "agents/tiny/package.json"), JSON.stringify({ ...root, installedMegabytes: 3 }));
    writeFileSync(join(dir, "agents/tiny/package-lock.json"), JSON.stringify(lock));
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "bt-"));
    said = [];
    registry = await startPackageRegistry({
      from: join(project, "node_modules"),
      lockfile: join(project, "package-lock.json"),
    });
    vi.stubEnv("npm_config_registry", registry.url);
    vi.stubEnv("npm_config_cache", join(dir, "cache"));
    wants({ picomatch: "4.0.7" });
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await registry.close();
    rmSync(dir, { recursive: true });
  });

  it("brings what its lockfile says, tells the size, and does nothing the second time", async () => {
    expect(await checkAgent(order())).toBe(false);
    expect(await installAgent(order())).toBe(true);
    const there = join(dir, ".agents/tiny");
    expect(JSON.parse(readFileSync(join(there, "node_modules/picomatch/package.json"), "utf8")).version).toBe("4.0.7");
    expect(said).toEqual([
      "tiny is not installed in the version wanted.",
      "Installing tiny with npm: about 3 MB on disk.",
      expect.stringMatching(/^tiny is installed: \d+ MB in \d+ s\.$/),
    ]);
    expect(readdirSync(join(dir, ".agents"))).toEqual(["tiny"]);
    await registry.close();
    expect(await installAgent(order())).toBe(true);
    expect(await checkAgent(order())).toBe(true);
    expect(said.slice(3)).toEqual(["tiny is installed already.", "tiny is installed."]);
    registry = await startPackageRegistry({
      from: join(project, "node_modules"),
      lockfile: join(project, "package-lock.json"),
    });
  });

  it("takes the place of another version as a whole, or leaves it when it cannot be had", async () => {
    await installAgent(order());
    wants({ yaml: "2.9.1" });
    expect(await checkAgent(order())).toBe(false);
    expect(await installAgent(order())).toBe(true);
    expect(readdirSync(join(dir, ".agents/tiny/node_modules")).filter((name) => !name.startsWith("."))).toEqual([
      "yaml",
    ]);
    wants({ "no-such-package-anywhere": "1.0.0" });
    expect(await installAgent(order())).toBe(false);
    expect(said.at(-1)).toMatch(/^tiny could not be installed\. npm says:/);
    expect(readdirSync(join(dir, ".agents"))).toEqual(["tiny"]);
    expect(existsSync(join(dir, ".agents/tiny/node_modules/yaml"))).toBe(true);
  });

  it("says so when there is no registry", async () => {
    vi.stubEnv("npm_config_registry", "http://127.0.0.2:1/");
    vi.stubEnv("npm_config_fetch_retry_mintimeout", "1");
    vi.stubEnv("npm_config_fetch_retry_maxtimeout", "1");
    expect(await installAgent(order())).toBe(false);
    expect(said.at(-1)).toMatch(/registry cannot be reached[\s\S]*ECONNREFUSED/);
    expect(said.at(-1)).not.toContain("    at ");
    expect(readdirSync(join(dir, ".agents"))).toEqual([]);
  });
});

describe("the command line", () => {
  const script = join(project, "scripts/install-agents.ts");
  const call = (...args: readonly string[]) => {
    const env = { PATH: process.env.PATH, AGENTS_DIR: "/nonexistent" };
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { env, encoding: "utf8" });
    return { status, stderr };
  };
  it("knows codex, and says what is not there", () => {
    expect(call("--check", "codex")).toEqual({
      status: 1,
      stderr: "codex is not installed in the version wanted.\n",
    });
    expect(call("nobody")).toMatchObject({ status: 2, stderr: expect.stringContaining("Agents: codex") });
    expect(call()).toMatchObject({ status: 2 });
  });
});

describe("the manifests", () => {
  it("pin every version exactly, and npm finds each in the lockfile, on every platform", () => {
    const { dependencies } = JSON.parse(readFileSync(join(project, "agents/codex/package.json"), "utf8"));
    expect(Object.values(dependencies)).toEqual(
      Object.values(dependencies).map(() => expect.stringMatching(/^\d+\.\d+\.\d+$/)),
    );
    const { packages } = JSON.parse(readFileSync(join(project, "agents/codex/package-lock.json"), "utf8"));
    for (const [name, version] of Object.entries(dependencies)) {
      expect(packages[`node_modules/${name}`]).toMatchObject({ version, integrity: expect.stringMatching(/^sha512-/) });
    }
    const missing = Object.values<{ optionalDependencies?: object }>(packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !(`node_modules/${name}` in packages));
    expect(missing).toEqual([]);
    expect(readFileSync(join(project, "agents/codex/package-lock.json"), "utf8")).not.toContain("resolved");
  });
});
