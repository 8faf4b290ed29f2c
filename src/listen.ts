import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { pino } from "pino";
import { Probot } from "probot";
import type { Config } from "./config.ts";
import { createIngress, type VerifiedDelivery } from "./handlers/guard.ts";
import { registerHandlers } from "./handlers/register.ts";
import type { Log } from "./log.ts";
import type { Orchestrator } from "./orchestrator/orchestrator.ts";
import type { Store } from "./orchestrator/store/open-store.ts";
import { findTaskByPullRequest } from "./orchestrator/store/tasks.ts";
import { pullRequestClosed } from "./review-watch/watch.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What hears a webhook out. */
export interface EarParts {
  readonly at: Address;
  readonly store: Store;
  readonly orchestrator: Orchestrator;
  readonly log: Log;
  readonly self: { readonly appId: number; readonly botUserId: number };
}

/** Starts the listener for webhooks: what GitHub says goes to the orchestrator, in one transaction, before GitHub is answered. */
export async function listen(config: Config, { at, store, orchestrator, log, self }: EarParts): Promise<Server> {
  const taskOfPullRequest = (repositoryId: number, number: number) =>
    findTaskByPullRequest(store.db, repositoryId, number);
  // Probot's event table only: its log would show payloads, and its server and set-up pages are not started.
  const app = new Probot({
    appId: self.appId,
    privateKey: config.github.privateKey,
    secret: config.github.webhookSecret,
    log: pino({ level: "silent" }),
  });
  const translate = registerHandlers({
    app,
    context: { ourselves: self, taskOfPullRequest },
    more: { "pull_request.closed": (payload) => pullRequestClosed(payload, { taskOfPullRequest }) },
  });
  const accept = async (delivery: VerifiedDelivery): Promise<void> => {
    const fact = await translate(delivery);
    const { id, event, action, rawBody: body } = delivery;
    const record = { id, event, action, installationId: fact?.installationId, semanticKey: fact?.semanticKey, body };
    if (fact) await orchestrator.receive({ ...fact, delivery: record });
    else await orchestrator.record(record, "no family");
    log.info({ delivery: id, event, action, repository: fact?.repository.id, issue: fact?.issue }, "delivery accepted");
  };
  const server = createIngress({
    secret: config.github.webhookSecret,
    accept,
    readiness: () => readiness(store),
    onFailure: (error, delivery) =>
      log.error({ err: error, delivery: delivery.id, event: delivery.event }, "delivery not accepted"),
  });
  return listening(server, at);
}

/** For a worker, which hears no webhooks: only whether it lives and is ready. */
export async function listenForHealth(at: Address, store: Store): Promise<Server> {
  const server = createServer((request, response) => {
    healthAnswer(store, request.method === "GET" ? request.url : undefined)
      .then(([status, text]) => response.writeHead(status, { "content-type": "text/plain" }).end(text))
      .catch(() => response.destroy());
  });
  return listening(server, at);
}

async function healthAnswer(store: Store, url: string | undefined): Promise<readonly [number, string]> {
  const [path] = (url ?? "").split("?", 1);
  if (path === "/healthz") return [200, "ok"];
  if (path !== "/readyz") return [404, "not found"];
  const ready = await readiness(store);
  return ready.kind === "ready" ? [200, "ready"] : [503, ready.reason];
}

async function listening(server: Server, { host, port }: Address): Promise<Server> {
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

async function readiness(store: Store): Promise<{ kind: "ready" } | { kind: "not_ready"; reason: string }> {
  try {
    await store.db.selectFrom("task").select("id").limit(1).execute();
    return { kind: "ready" };
  } catch {
    return { kind: "not_ready", reason: "the database does not answer" };
  }
}

/** The port a server really listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
