import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { examine } from "../src/doctor.ts";
import { startFakeGitHub } from "./support/fake-github/index.ts";

it("says at once everything that is wrong with the settings", async () => {
  const findings = await examine({ BATON_CONFIG: "/nowhere/baton.yml" });
  expect(findings.map(({ state }) => state)).toEqual(["ill", "ill", "ill", "ill"]);
  expect(findings.map(({ words }) => words.split(" ", 1)[0])).toEqual([
    "APP_ID",
    "WEBHOOK_SECRET",
    "PRIVATE_KEY",
    "BATON_CONFIG:",
  ]);
});

it("looks at the sandbox, at the agents of the profiles and at who we are in GitHub", async () => {
  const directory = mkdtempSync(join(tmpdir(), "baton-doctor-"));
  const github = await startFakeGitHub({ directory: join(directory, "github") });
  onTestFinished(async () => {
    await github.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const provider = { api: "openai-responses", baseUrl: "http://127.0.0.1:9/v1", keyEnv: "MODEL_KEY" };
  const profiles = { default: { agent: "codex", provider: "openai", model: "m" } };
  writeFileSync(join(directory, "baton.yml"), JSON.stringify({ providers: { openai: provider }, profiles }));
  const env = {
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKeyPem,
    WEBHOOK_SECRET: github.app.webhookSecret,
    GHE_HOST: github.host,
    GHE_PROTOCOL: "http",
    MODEL_KEY: "not-asked",
    BATON_CONFIG: join(directory, "baton.yml"),
    AGENTS_DIR: join(directory, "agents"),
  };
  expect(await examine(env)).toEqual([
    { what: "Settings", state: "well", words: "profiles: default" },
    { what: "Sandbox", state: "well", words: "srt works" },
    { what: "Agent codex", state: "ill", words: expect.stringMatching(/not installed.*agents:install codex/) },
    { what: "GitHub", state: "ill", words: "the key works, and the App is installed nowhere: install it" },
  ]);
  await github.createRepository({ owner: "acme", name: "shop", people: { ann: "write" } });
  expect((await examine(env)).at(-1)).toEqual({
    what: "GitHub",
    state: "well",
    words: "we are baton, installed at acme",
  });
  const [github401] = (await examine({ ...env, APP_ID: "4711" })).slice(-1);
  expect(github401).toMatchObject({ what: "GitHub", state: "ill" });
  github.assertClean();
});
