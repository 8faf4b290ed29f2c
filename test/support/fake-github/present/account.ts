import { nodeId } from "../world/ids.ts";
import type { Account, JsonObject } from "../world/model.ts";
import type { World } from "../world/world.ts";

/** GitHub's times: ISO 8601 in UTC with seconds. */
export function iso(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A time that may be missing. */
export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at);
}

/** Base address of the REST interface. */
export function apiUrl(world: World): string {
  return `${world.origin}/api/v3`;
}

/** An account as it stands inside other objects. */
export function accountJson(world: World, account: Account): JsonObject {
  const url = `${apiUrl(world)}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: accountNodeId(account),
    avatar_url: `${world.origin}/avatars/u/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${world.origin}/${account.type === "Bot" ? `apps/${account.login.replace("[bot]", "")}` : account.login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: account.type,
    user_view_type: "public",
    site_admin: false,
  };
}

/** The answer of `GET /users/{username}`. */
export function publicUserJson(world: World, account: Account): JsonObject {
  return {
    ...accountJson(world, account),
    name: null,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: iso(account.createdAt),
    updated_at: iso(account.createdAt),
  };
}

/** An organisation as webhooks carry it. */
export function organizationJson(world: World, account: Account): JsonObject {
  const url = `${apiUrl(world)}/orgs/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: accountNodeId(account),
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${world.origin}/avatars/u/${account.id}`,
    description: null,
  };
}

export function accountNodeId(account: Account): string {
  const kind = { User: "U", Bot: "BOT", Organization: "O" }[account.type];
  return nodeId(kind, account.id);
}
