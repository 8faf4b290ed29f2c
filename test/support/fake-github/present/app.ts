import { nodeId } from "../world/ids.ts";
import type { Installation, JsonObject } from "../world/model.ts";
import type { World } from "../world/world.ts";
import { accountJson, apiUrl, iso } from "./account.ts";

/** The app as it stands in comments, checks and `GET /app`. */
export function appJson(world: World): JsonObject {
  return {
    id: world.app.id,
    slug: world.app.slug,
    client_id: world.app.clientId,
    node_id: nodeId("A", world.app.id),
    owner: accountJson(world, world.account("baton-makers", "Organization")),
    name: "Baton",
    description: null,
    external_url: `${world.origin}/baton`,
    html_url: `${world.origin}/apps/${world.app.slug}`,
    created_at: iso(world.bot.createdAt),
    updated_at: iso(world.bot.createdAt),
    permissions: { ...world.app.permissions },
    events: [...world.app.events],
  };
}

export function installationJson(world: World, installation: Installation): JsonObject {
  const url = `${apiUrl(world)}/app/installations/${installation.id}`;
  return {
    id: installation.id,
    account: accountJson(world, installation.account),
    repository_selection: "selected",
    access_tokens_url: `${url}/access_tokens`,
    repositories_url: `${apiUrl(world)}/installation/repositories`,
    html_url: `${world.origin}/organizations/${installation.account.login}/settings/installations/${installation.id}`,
    app_id: world.app.id,
    app_slug: world.app.slug,
    client_id: world.app.clientId,
    target_id: installation.account.id,
    target_type: installation.account.type,
    permissions: { ...installation.permissions },
    events: [...world.app.events],
    created_at: iso(installation.createdAt),
    updated_at: iso(installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: null,
  };
}
