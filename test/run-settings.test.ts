import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Config } from "../src/config.ts";
import { runSettings } from "../src/run-settings.ts";

let files: string;
beforeEach(() => {
  files = mkdtempSync(join(tmpdir(), "baton-files-"));
});
afterEach(() => rmSync(files, { recursive: true, force: true }));

const repository = { id: 500, owner: "Acme", name: "Shop" };

const limits = { minutes: 45, idleMinutes: 10, turns: 80, tokens: 3_000_000 };
const key = "model-key-0123456789";

function config(): Config {
  return {
    github: {
      appId: 1,
      privateKey: `-----BEGIN\n${"k".repeat(64)}\n-----END`,
      webhookSecret: "w".repeat(32),
      host: undefined,
      protocol: "https",
    },
    server: { host: "127.0.0.1", port: 0 },
    databaseUrl: undefined,
    dataDir: "/data",
    privateFiles: [],
    logLevel: "info",
    agentsDir: "/agents",
    profiles: {
      default: { agent: "command", command: ["/agent"], limits },
      real: { agent: "codex", provider: { api: "openai-responses", baseUrl: "https://m/v1", key }, model: "m", limits },
    },
    limits: { total: 5, perRepository: 3 },
    sandbox: { driver: "srt", network: ["models.example"], memoryMb: 1, pids: 2, diskMb: 3 },
    repositories: { "acme/shop": { files, network: ["packages.example"] } },
  };
}

describe("the settings of a run", () => {
  it("join what every run and this repository may reach", () => {
    expect(runSettings(config(), repository, "default")?.network).toEqual(["models.example", "packages.example"]);
  });

  it("name the agent and who answers its model requests", () => {
    expect(runSettings(config(), repository, "default")?.agent).toEqual({ kind: "command", command: ["/agent"] });
    expect(runSettings(config(), repository, "real")?.agent).toEqual({
      kind: "acp",
      profile: "codex",
      model: { name: "m", provider: { api: "openai-responses", baseUrl: "https://m/v1", key } },
    });
  });

  it("do not exist for a profile the operator took away", () => {
    expect(runSettings(config(), repository, "gone")).toBeUndefined();
  });

  it("know the secrets in the provided files and our own, but no addresses and no small words", () => {
    mkdirSync(join(files, "inner"));
    writeFileSync(join(files, ".npmrc"), "registry=http://127.0.0.2:4873/\naudit=false\n");
    writeFileSync(
      join(files, "inner/.env"),
      'API_TOKEN="tok-0123456789"\nDEBUG=1\nURL=https://user:pass@db.example/x\n',
    );
    expect(runSettings(config(), repository, "default")?.secrets).toEqual([
      "w".repeat(32),
      "k".repeat(64),
      key,
      "tok-0123456789",
      "https://user:pass@db.example/x",
    ]);
  });
});
