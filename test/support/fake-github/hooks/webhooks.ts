import { randomUUID } from "node:crypto";
import { judgeWebhook } from "../judge/judge.ts";
import { accountJson, organizationJson } from "../present/account.ts";
import { installationJson } from "../present/app.ts";
import { repositoryJson } from "../present/repository.ts";
import type { Activity } from "../server/activity.ts";
import { nodeId } from "../world/ids.ts";
import type { JsonObject } from "../world/model.ts";
import type { Announcement, World } from "../world/world.ts";
import { type Delivery, type Recipe, recordOf } from "./delivery.ts";
import type { WebhookFaults } from "./faults.ts";
import { post } from "./post.ts";

/** What the log says of a webhook that got lost on its way. */
const UNREACHABLE = { statusCode: 502, status: "failed to connect to host" };

/** Events an app gets whether it subscribed to them or not. */
const ALWAYS = ["installation", "installation_repositories", "ping"];

/** Sends webhooks, one after the other per repository, and keeps the log that `GET /app/hook/deliveries` shows. */
export class Webhooks {
  readonly log: Delivery[] = [];
  readonly #world: World;
  readonly #faults: WebhookFaults;
  readonly #activity: Activity;
  readonly #queues = new Map<number, Promise<unknown>>();
  readonly #closing = new AbortController();
  #target: string | undefined;

  constructor(world: World, parts: { readonly faults: WebhookFaults; readonly activity: Activity }) {
    this.#world = world;
    this.#faults = parts.faults;
    this.#activity = parts.activity;
    world.announce = (announcement) => this.#announce(announcement);
  }

  /** From now on webhooks go to this address; before, nobody was there to get them. */
  connect(url: string | undefined): void {
    this.#target = url;
  }

  /** Sends nothing any more and gives up what is on its way. */
  close(): void {
    this.#target = undefined;
    this.#closing.abort();
  }

  /** Sends the newest delivery of that GUID again, with the same GUID. */
  async redeliver(guid: string): Promise<void> {
    const delivery = this.log.findLast((candidate) => candidate.guid === guid);
    if (delivery === undefined) throw new Error(`no delivery has the GUID ${guid}`);
    await this.#enqueue({ ...delivery.recipe, redelivery: true });
  }

  #announce(announcement: Announcement): void {
    const { event, action, act } = announcement;
    if (act.silent || announcement.installation === undefined || this.#target === undefined) return;
    if (!this.#world.app.events.includes(event) && !ALWAYS.includes(event)) return;
    const payload = payloadOf(this.#world, announcement);
    const problems = judgeWebhook(event, action, payload);
    for (const problem of problems)
      this.#world.problems.push(`webhook ${event}.${action ?? ""} violates GitHub's schema: ${problem}`);
    this.#dispatch({
      guid: randomUUID(),
      event,
      action,
      body: Buffer.from(JSON.stringify(payload)),
      installationId: announcement.installation.id,
      repositoryId: announcement.repository?.id,
      redelivery: false,
    });
  }

  #dispatch(recipe: Recipe): void {
    const fault = this.#faults.take(recipe);
    if (fault?.kind === "drop") this.log.push(recordOf(this.#world, recipe, UNREACHABLE));
    else if (fault?.kind === "delay") fault.hold(() => this.#send(recipe));
    else this.#send(recipe);
    if (fault?.kind === "duplicate") this.#send(recipe);
  }

  #send(recipe: Recipe): void {
    void this.#enqueue(recipe);
  }

  #enqueue(recipe: Recipe): Promise<void> {
    const key = recipe.repositoryId ?? 0;
    const sent = this.#activity.during(() =>
      (this.#queues.get(key) ?? Promise.resolve()).then(() => this.#deliver(recipe)),
    );
    this.#queues.set(key, sent);
    return sent;
  }

  async #deliver(recipe: Recipe): Promise<void> {
    if (this.#target === undefined) return;
    const started = performance.now();
    const result = await post(recipe, { target: this.#target, app: this.#world.app, signal: this.#closing.signal });
    const duration = Math.round(performance.now() - started) / 1000;
    this.log.push(recordOf(this.#world, recipe, { ...result, duration }));
  }
}

function payloadOf(world: World, announcement: Announcement): JsonObject {
  const { act, event, action, installation, repository, body } = announcement;
  const owner = repository?.owner;
  const short =
    installation === undefined ? undefined : { id: installation.id, node_id: nodeId("MDIzOk", installation.id) };
  const isAboutInstallation = event.startsWith("installation");
  return {
    ...(action === undefined ? {} : { action }),
    ...(repository === undefined ? {} : { repository: repositoryJson(repository) }),
    ...(owner?.type === "Organization" ? { organization: organizationJson(world, owner) } : {}),
    ...(isAboutInstallation && installation !== undefined
      ? { installation: installationJson(world, installation) }
      : { installation: short }),
    sender: accountJson(world, act.by),
    ...(typeof body === "function" ? body() : body),
  };
}
