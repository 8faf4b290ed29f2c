import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config.ts";

const root = resolve(import.meta.dirname, "../..");

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "baton-deploy-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const environment = {
  APP_ID: "1",
  WEBHOOK_SECRET: "0123456789abcdef0123456789abcdef",
  PRIVATE_KEY: "-----BEGIN RSA PRIVATE KEY-----\nnone\n-----END RSA PRIVATE KEY-----",
};

describe("the example of the operator's settings", () => {
  it("is taken as it is, once its program and its files exist, and shows the defaults", async () => {
    await copyFile(join(root, "baton.example.yml"), join(directory, "baton.yml"));
    await writeFile(join(directory, "my-agent"), "#!/bin/sh\n", { mode: 0o755 });
    await mkdir(join(directory, "files/berth-ledger"), { recursive: true });
    const config = loadConfig({ ...environment, BATON_CONFIG: join(directory, "baton.yml") });

    await writeFile(join(directory, "least.yml"), "profiles: { default: { agent: command, command: [./my-agent] } }\n");
    const least = loadConfig({ ...environment, BATON_CONFIG: join(directory, "least.yml") });
    expect(config.limits).toEqual(least.limits);
    expect(config.sandbox).toEqual(least.sandbox);
    expect(config.profiles.default?.limits).toEqual(least.profiles.default?.limits);
    expect(config.repositories["octo-org/berth-ledger"]?.files).toBe(join(directory, "files/berth-ledger"));
  });

  it("says what is missing where it was copied and not filled in", async () => {
    await copyFile(join(root, "baton.example.yml"), join(directory, "baton.yml"));
    const load = () => loadConfig({ ...environment, BATON_CONFIG: join(directory, "baton.yml") });
    expect(load).toThrow("my-agent is not an executable file");
    expect(load).toThrow("files/berth-ledger is not a directory");
  });
});

describe("the container", () => {
  it("allows what the sandbox was measured to need, and gives live runs time to end", async () => {
    const { services } = parse(await readFile(join(root, "compose.yml"), "utf8"));
    expect(services.baton.security_opt).toEqual(["seccomp=unconfined", "systempaths=unconfined"]);
    expect(Number.parseInt(services.baton.stop_grace_period, 10)).toBeGreaterThan(20);
    expect(services.baton.privileged).toBeUndefined();
  });

  it("does not run as root, and starts node and not npm", async () => {
    const lines = (await readFile(join(root, "Dockerfile"), "utf8")).split("\n");
    expect(lines).toContain("USER node");
    expect(lines).toContain('CMD ["node", "src/index.ts", "start"]');
  });
});

describe("the script for continuous integration", () => {
  /** A project with the same commands, where each does what the test says. */
  async function project(scripts: Readonly<Record<string, string>>) {
    const all = {
      check: "true",
      test: "node report.mjs",
      demo: "node demo.mjs",
      "test:agents": "true",
      "test:evil": "true",
      "test:long": "true",
      torture: "true --",
      start: "echo WEBHOOK_SECRET; exit 1",
      ...scripts,
    };
    const manifest = { name: "small", version: "1.0.0", private: true, scripts: all };
    const pullRequest = { number: 2, state: "open", draft: false };
    const demo = { ok: true, seconds: 20, pullRequest, checks: [{}] };
    const asked = 'process.argv[process.argv.indexOf("--agent") + 1]';
    const demoProgram = `console.log(JSON.stringify({ ...${JSON.stringify(demo)}, run: { agent: ${asked} } }))`;
    const report = `import { writeFileSync } from "node:fs";
      const at = process.argv.find((word) => word.startsWith("--outputFile.json=")).split("=")[1];
      writeFileSync(at, '{"numPassedTests":12,"numFailedTests":0}');`;
    await mkdir(join(directory, ".ci"));
    await copyFile(join(root, ".ci/run"), join(directory, ".ci/run"));
    await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
    await writeFile(
      join(directory, "package-lock.json"),
      JSON.stringify({ ...manifest, lockfileVersion: 3, packages: { "": manifest } }),
    );
    await writeFile(join(directory, "report.mjs"), report);
    await writeFile(join(directory, "demo.mjs"), demoProgram);
    return execa("bash", [join(directory, ".ci/run")], { all: true, reject: false });
  }

  it("passes when every step does, and ends with the counts of the last test run", async () => {
    const { exitCode, all } = await project({});
    expect(all).toMatch(/Every step passed\.\n12 passed, 0 failed$/);
    expect(exitCode).toBe(0);
  });

  it("fails when tests, demo or check fail, and names them all", async () => {
    const { exitCode, all } = await project({
      check: "false",
      demo: `echo '{"ok":false}'`,
      test: "node report.mjs && false --",
    });
    expect(all).toContain(
      "Failed: [npm run check] [npm test] [npm test, again] [npm run demo, codex] [npm run demo, command]",
    );
    expect(exitCode).toBe(1);
  });

  it("fails when what takes long fails", async () => {
    const { exitCode, all } = await project({ "test:evil": "false", torture: "false --" });
    expect(all).toContain("Failed: [npm run test:evil] [npm run torture]");
    expect(exitCode).toBe(1);
  });

  it.each([
    ["starts without settings and ends well", "true"],
    ["ends without a word about what is missing", "false"],
  ])("fails when Baton %s", async (_, start) => {
    const { exitCode, all } = await project({ start });
    expect(all).toContain("Failed: [npm start without settings]");
    expect(exitCode).toBe(1);
  });
});
