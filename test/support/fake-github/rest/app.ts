import { type Delivery, payloadOfDelivery } from "../hooks/delivery.ts";
import { iso, publicUserJson } from "../present/account.ts";
import { appJson, installationJson } from "../present/app.ts";
import { fullRepositoryJson, repositoryJson } from "../present/repository.ts";
import { grants, reaches } from "../server/auth.ts";
import type { Installation, JsonObject, Permissions, Repository } from "../world/model.ts";
import { notAccessible, notFound, Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import {
  type Call,
  countedPage,
  created,
  NOTHING,
  numberParam,
  ok,
  page,
  type Reply,
  type Route,
  textsField,
} from "./route.ts";

const WEBHOOK_LOG_DAYS = 3;

/** The app itself, its installations, its tokens and its webhook log. */
export const appRoutes: readonly Route[] = [
  {
    route: "GET /app",
    for: "app",
    answer: ({ world }) => ok({ ...appJson(world), installations_count: world.installations.length }),
  },
  {
    route: "GET /app/installations",
    for: "app",
    answer: (call) => page(call, call.world.installations, (one) => installationJson(call.world, one)),
  },
  {
    route: "GET /app/installations/{installation_id}",
    for: "app",
    answer: (call) => ok(installationJson(call.world, installationOfCall(call))),
  },
  { route: "POST /app/installations/{installation_id}/access_tokens", for: "app", answer: createToken },
  { route: "GET /app/hook/deliveries", for: "app", answer: listDeliveries },
  {
    route: "GET /app/hook/deliveries/{delivery_id}",
    for: "app",
    answer: (call) => ok(deliveryJson(call.world, deliveryOf(call))),
  },
  { route: "POST /app/hook/deliveries/{delivery_id}/attempts", for: "app", answer: redeliver },
  { route: "GET /repos/{owner}/{repo}/installation", for: "app", answer: repositoryInstallation },
  {
    route: "DELETE /installation/token",
    for: "installation",
    answer: ({ tokens, token }) => {
      tokens.revoke(token);
      return NOTHING;
    },
  },
  {
    route: "GET /installation/repositories",
    for: "installation",
    answer: (call) => {
      const list = {
        name: "repositories",
        items: [...call.token.repositories].filter((one) => reaches(call.token, one)),
      };
      return countedPage(call, list, (repository) => repositoryJson(repository));
    },
  },
  { route: "GET /user", for: "anybody", answer: currentUser },
  {
    route: "GET /users/{username}",
    for: "anybody",
    answer: ({ world, params }) => ok(publicUserJson(world, knownAccount(world, params.username ?? ""))),
  },
  { route: "GET /rate_limit", for: "anybody", answer: ({ world }) => ok(rateLimitJson(world)) },
  {
    route: "GET /repos/{owner}/{repo}",
    for: "repository",
    needs: [{ metadata: "read" }],
    answer: ({ repository }) => ok(fullRepositoryJson(repository)),
  },
];

/** Somebody GitHub knows. @throws Refusal 404 */
export function knownAccount(world: World, login: string): ReturnType<World["account"]> {
  const account = world.accounts.get(login.toLowerCase());
  if (account === undefined) throw notFound();
  return account;
}

function currentUser({ caller, world }: Call): Reply {
  if (caller.kind !== "person") throw notAccessible();
  return ok(publicUserJson(world, caller.account));
}

function createToken(call: Call): Reply {
  const installation = installationOfCall(call);
  const repositories = wantedRepositories(call, installation);
  const permissions = wantedPermissions(call, installation);
  const isNarrowed = call.body.repositories !== undefined || call.body.repository_ids !== undefined;
  const token = call.tokens.create({ installation, repositories, permissions, isNarrowed });
  return created({
    token: token.value,
    expires_at: iso(token.expiresAt),
    permissions: { ...permissions },
    repository_selection: "selected",
    ...(isNarrowed ? { repositories: [...repositories].map((one) => repositoryJson(one)) } : {}),
  });
}

function wantedRepositories(call: Call, installation: Installation): Set<Repository> {
  const { body } = call;
  if (body.repositories === undefined && body.repository_ids === undefined) return new Set(installation.repositories);
  const ids = (body.repository_ids ?? []) as readonly number[];
  const names = textsField(body, "repositories").map((name) => name.toLowerCase());
  const found = [...installation.repositories].filter(
    (one) => ids.includes(one.id) || names.includes(one.name.toLowerCase()),
  );
  if (found.length === 0 || found.length < ids.length + names.length) {
    throw new Refusal(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  }
  return new Set(found);
}

function wantedPermissions(call: Call, installation: Installation): Permissions {
  const wanted = call.body.permissions as Permissions | undefined;
  if (wanted === undefined) return installation.permissions;
  if (!grants(installation.permissions, wanted)) {
    throw new Refusal(422, "The permissions requested are not granted to this installation.");
  }
  return { metadata: "read", ...wanted };
}

function repositoryInstallation({ world, params }: Call): Reply {
  const repository = world.repository(params.owner ?? "", params.repo ?? "");
  const installation = repository === undefined ? undefined : world.installationOf(repository);
  if (installation === undefined) throw notFound();
  return ok(installationJson(world, installation));
}

function installationOfCall(call: Call): Installation {
  const id = numberParam(call, "installation_id");
  const installation = call.world.installations.find((candidate) => candidate.id === id);
  if (installation === undefined) throw notFound();
  return installation;
}

function listDeliveries(call: Call): Reply {
  const oldest = call.world.clock() - WEBHOOK_LOG_DAYS * 86_400_000;
  const wanted = call.query.get("status");
  const all = call.webhooks.log
    .filter((one) => one.deliveredAt >= oldest)
    .filter((one) => wanted === null || (wanted === "success") === (one.status === "OK"))
    .reverse();
  const cursor = Number(call.query.get("cursor")?.replace("v1_", "") ?? Number.MAX_SAFE_INTEGER);
  const rest = all.filter((one) => one.id < cursor);
  const size = Number(call.query.get("per_page") ?? 30);
  const shown = rest.slice(0, size);
  const next = `<${call.world.origin}/api/v3/app/hook/deliveries?per_page=${size}&cursor=v1_${shown.at(-1)?.id}>; rel="next"`;
  const headers = rest.length > size ? { link: next } : {};
  return { status: 200, body: shown.map(deliveryItemJson), headers };
}

async function redeliver(call: Call): Promise<Reply> {
  void call.webhooks.redeliver(deliveryOf(call).guid);
  return { status: 202, body: {} };
}

function deliveryOf(call: Call): Delivery {
  const id = numberParam(call, "delivery_id");
  const delivery = call.webhooks.log.find((candidate) => candidate.id === id);
  if (delivery === undefined) throw notFound();
  return delivery;
}

function deliveryItemJson(delivery: Delivery): JsonObject {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: new Date(delivery.deliveredAt).toISOString(),
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action ?? null,
    installation_id: delivery.recipe.installationId,
    repository_id: delivery.recipe.repositoryId ?? null,
    throttled_at: null,
  };
}

function deliveryJson(world: World, delivery: Delivery): JsonObject {
  const headers = { "X-GitHub-Delivery": delivery.guid, "X-GitHub-Event": delivery.event };
  return {
    ...deliveryItemJson(delivery),
    url: `${world.origin}/hook`,
    request: { headers, payload: payloadOfDelivery(delivery) as JsonObject },
    response: { headers: {}, payload: null },
  };
}

function rateLimitJson(world: World): JsonObject {
  const reset = Math.floor(world.clock() / 1000) + 3600;
  const rate = { limit: 5000, used: 0, remaining: 5000, reset };
  return { resources: { core: rate, graphql: rate, search: { ...rate, limit: 30, remaining: 30 } }, rate };
}
