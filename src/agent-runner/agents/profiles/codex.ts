import type { Profile, Start } from "./profile.ts";

const keyVariable = "BATON_MODEL_TOKEN";

/**
 * The Codex CLI through its adapter. Everything that calls home, comes from the repository or asks a model behind our
 * back is off; walls are the sandbox's affair, so its own are too (agents.md §2.2, §3.1).
 */
export const codex: Profile = {
  name: "codex",
  api: "openai-responses",
  script: "node_modules/@agentclientprotocol/codex-acp/dist/index.js",
  args: [],
  env: ({ home, token }) => ({
    CODEX_HOME: home,
    [keyVariable]: token,
    INITIAL_AGENT_MODE: "agent-full-access",
    NO_BROWSER: "1",
    // A request of its own after each turn, for a next message nobody will type.
    CODEX_ACP_PROMPT_SUGGESTIONS: "false",
  }),
  // The adapter trusts the directory it is told, and codex would load its `.codex/config.toml`, servers it names included.
  // It compares spellings: this one is not the directory that codex works in, which stays untrusted.
  cwd: ({ repo }) => `${repo}/.`,
  files: (start) => [{ name: "config.toml", content: config(start) }],
  // A session without a title is given one after its turn, by a request to the model that nobody asked for.
  greeting: (sessionId) => ({ method: "session/set_title", params: { sessionId, title: "Baton" } }),
  // Its way to say why a turn failed, and that it tries again.
  clientMeta: { jetbrains: { air: { version: 1, capabilities: ["sessionFailure"] } } },
};

/** `web_search` would run at the provider, past our walls. Instructions of the repository are in the prompt already. */
function config({ baseUrl, model, repo }: Start): string {
  return `model = ${quoted(model)}
model_provider = "baton"
web_search = "disabled"
project_doc_max_bytes = 0
check_for_update_on_startup = false

[model_providers.baton]
name = "baton"
base_url = ${quoted(baseUrl)}
wire_api = "responses"
env_key = ${quoted(keyVariable)}

[projects.${quoted(repo)}]
trust_level = "untrusted"

[skills]
include_instructions = false

[skills.bundled]
enabled = false

[analytics]
enabled = false

[feedback]
enabled = false

[features]
${off.map((name) => `${name} = false`).join("\n")}
`;
}

const off = [
  "apps",
  "browser_use",
  "browser_use_external",
  "computer_use",
  "goals",
  "hooks",
  "image_generation",
  "in_app_browser",
  "multi_agent",
  "plugins",
];

/** A JSON string is a TOML basic string, but for U+007F. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
