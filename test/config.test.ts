import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, loadConfig, type Role } from "../src/config.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "baton-config-"));
  writeFileSync(join(directory, "agent"), "#!/bin/sh\n");
  chmodSync(join(directory, "agent"), 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const pem = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n";
const goodYaml = "profiles:\n  default: { agent: command, command: [./agent, --fast] }\n";

const codexYaml = `providers:
  openai: { api: openai-responses, baseUrl: "https://models.example.com/v1/", keyEnv: MODEL_KEY }
profiles:
  default: { agent: codex, provider: openai, model: gpt-5-codex, limits: { turns: 9 } }
`;

function load(env: Record<string, string | undefined> = {}, yaml = goodYaml, role: Role = "all") {
  const file = join(directory, "baton.yml");
  writeFileSync(file, yaml);
  const settings = {
    APP_ID: "12",
    PRIVATE_KEY: pem,
    WEBHOOK_SECRET: "0123456789abcdef".repeat(2),
    BATON_CONFIG: file,
    DATA_DIR: "/data",
    ...env,
  };
  return loadConfig(settings, role);
}

function problemsOf(env: Record<string, string | undefined>, yaml?: string): string {
  try {
    load(env, yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join("\n").replaceAll(directory, "<dir>");
    throw error;
  }
  throw new Error("It was accepted.");
}

describe("the operator's settings", () => {
  it("fill in every default", () => {
    const config = load();
    expect(config.server).toEqual({ host: "127.0.0.1", port: 3000 });
    expect(config.limits).toEqual({ total: 5, perRepository: 3 });
    expect(config.sandbox).toEqual({ driver: "srt", network: [], memoryMb: 4096, pids: 512, diskMb: 8192 });
    expect(config.profiles.default).toEqual({
      agent: "command",
      command: [join(directory, "agent"), "--fast"],
      limits: { minutes: 45, idleMinutes: 10, turns: 80, tokens: 3_000_000 },
    });
    expect(config.github.host).toBeUndefined();
  });

  it("are asked for as far as the role needs them", () => {
    expect(load({}, goodYaml, "worker").server).toBeUndefined();
    expect(load({ PORT: "8080" }, goodYaml, "worker").server).toEqual({ host: "127.0.0.1", port: 8080 });
    const elsewhere = goodYaml.replace("./agent", "./on-the-workers");
    expect(load({ DATABASE_URL: "postgres://db/baton" }, elsewhere, "web").server?.port).toBe(3000);
    expect(() => load({}, elsewhere, "web")).toThrow(/DATABASE_URL is not set/);
    expect(() => load({}, elsewhere, "worker")).toThrow(/not an executable file/);
  });

  it("join a profile with its provider and the key that the environment has", () => {
    expect(load({ MODEL_KEY: " sk-1 " }, codexYaml).profiles.default).toEqual({
      agent: "codex",
      provider: { api: "openai-responses", baseUrl: "https://models.example.com/v1", key: "sk-1" },
      model: "gpt-5-codex",
      limits: { minutes: 45, idleMinutes: 10, turns: 9, tokens: 3_000_000 },
    });
    const web = load({ DATABASE_URL: "postgres://db/baton" }, codexYaml, "web");
    expect(web.profiles.default).toMatchObject({ provider: { key: undefined } });
  });

  it("take the private key as PEM, as base64 and from a file", () => {
    const path = join(directory, "key.pem");
    writeFileSync(path, pem);
    const base64 = Buffer.from(pem).toString("base64");
    for (const env of [{}, { PRIVATE_KEY: base64 }, { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: path }]) {
      expect(load(env).github.privateKey).toBe(pem);
    }
  });

  it("name everything that is missing at once", () => {
    expect(
      problemsOf({ APP_ID: undefined, PRIVATE_KEY: undefined, WEBHOOK_SECRET: undefined }).split("\n"),
    ).toHaveLength(3);
  });

  it.each([
    ["a guessable secret", { WEBHOOK_SECRET: "development" }, /WEBHOOK_SECRET is Probot/],
    ["a short secret", { WEBHOOK_SECRET: "0123456789abcdef".repeat(2).slice(1) }, /shorter than 32 bytes/],
    ["an App id that is none", { APP_ID: "baton" }, /APP_ID must be/],
    ["a key that is none", { PRIVATE_KEY: "hello" }, /neither PEM nor base64/],
    ["a port beyond the ports", { PORT: "70000" }, /PORT must be/],
    ["a missing file", { BATON_CONFIG: "/nowhere/baton.yml" }, /copy baton.example.yml/],
  ])("refuse %s with the next step", (_, env, message) => {
    expect(problemsOf(env)).toMatch(message);
  });

  it.each([
    ["an unknown key", "profile: {}\n", /line 1, column 1: Unrecognized key: "profile"/],
    ["no default profile", "profiles:\n  fast: { agent: command, command: [./agent] }\n", /`default` is needed/],
    ["an agent nobody drives", "profiles:\n  default: { agent: clippy }\n", /must be `command` or `codex`/],
    [
      "a provider that is not there",
      "profiles:\n  default: { agent: codex, provider: openai, model: m }\n",
      /openai is not one of `providers`, which is empty/,
    ],
    [
      "a provider that speaks another language",
      `providers:\n  local: { api: openai-chat, baseUrl: "http://127.0.0.1:1/v1" }\nprofiles:\n  default: { agent: codex, provider: local, model: m }\n`,
      /codex speaks openai-responses, and local is openai-chat/,
    ],
    [
      "a key that is not set",
      codexYaml,
      /`providers.openai.keyEnv`: MODEL_KEY is not set: put the provider's key into that variable/,
    ],
    ["a key in place of its name", codexYaml.replace("MODEL_KEY", "sk-0123"), /it is not the key itself/],
    ["an address that is none", codexYaml.replace("https://models.example.com", "models"), /http or https address/],
    [
      "a program that is not there",
      "profiles:\n  default: { agent: command, command: [./gone] }\n",
      /gone is not an executable file/,
    ],
    ["a negative limit", `${goodYaml}limits: { total: -1 }\n`, /line 3, column 18: `limits.total`/],
    [
      "an infinite limit",
      "profiles:\n  default: { agent: command, command: [./agent], limits: { minutes: .inf } }\n",
      /`profiles.default.limits.minutes`/,
    ],
    ["a driver nobody wrote", `${goodYaml}sandbox: { driver: chroot }\n`, /`sandbox.driver`/],
    [
      "provided files that are not there",
      `${goodYaml}repositories: { acme/shop: { files: ./gone } }\n`,
      /not a directory/,
    ],
    ["the same key twice", `${goodYaml}limits: {}\nlimits: {}\n`, /unique/],
    [
      "an alias bomb",
      `a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n`,
      /alias/i,
    ],
  ])("refuse %s, saying where", (_, yaml, message) => {
    expect(problemsOf({}, yaml)).toMatch(message);
  });

  it("find provided files relative to the file that names them", () => {
    mkdirSync(join(directory, "files"));
    const config = load(
      {},
      `${goodYaml}repositories: { Acme/Shop: { files: ./files, network: [packages.example.com] } }\n`,
    );
    expect(config.repositories["acme/shop"]).toEqual({
      files: join(directory, "files"),
      network: ["packages.example.com"],
    });
  });
});
