import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { Client } from "./client.ts";
import { GitHubFailure } from "./errors.ts";
import { id } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { perform } from "./request.ts";
import type { Clock, Log, RepositoryRef, Self } from "./types.ts";

export interface Installation {
  readonly id: number;
  readonly account: string;
  readonly suspended: boolean;
}

export interface InstalledRepository extends RepositoryRef {
  readonly archived: boolean;
}

/** What we need to know about ourselves and about where we are installed. */
export interface AppCalls {
  self(): Promise<Self>;
  listInstallations(): Promise<readonly Installation[]>;
  listRepositories(installationId: number): Promise<readonly InstalledRepository[]>;
}

interface Parts {
  readonly appId: number;
  readonly client: Client;
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly log: Log;
}

const appSchema = z.object({ id, slug: z.string().min(1) });
const userSchema = z.object({ id, login: z.string().min(1), type: z.literal("Bot") });
const installationsSchema = z.array(
  z.object({ id, account: z.object({ login: z.string() }).nullable(), suspended_at: z.string().nullable() }),
);
const repositoriesSchema = z
  .object({
    repositories: z.array(
      z.object({ id, name: z.string(), owner: z.object({ login: z.string() }), archived: z.boolean() }),
    ),
  })
  .transform((answer) => answer.repositories);

export function createAppCalls(parts: Parts): AppCalls {
  const { gateway } = parts;
  let known: Promise<Self> | undefined;

  const calls: AppCalls = {
    self() {
      // A failure is not remembered: GitHub may be back the next time.
      known ??= findSelf(parts, calls).catch((error) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    async listInstallations() {
      const found = await gateway.readAll("app", {
        name: "list installations",
        maxPages: 50,
        schema: installationsSchema,
        send: (octokit, page) => octokit.rest.apps.listInstallations(page),
      });
      return found.map((each) => ({
        id: each.id,
        account: each.account?.login ?? "",
        suspended: each.suspended_at !== null,
      }));
    },
    async listRepositories(installationId) {
      const found = await gateway.readAll(
        { installationId },
        {
          name: "list repositories",
          maxPages: 100,
          schema: repositoriesSchema,
          send: (octokit, page) => octokit.rest.apps.listReposAccessibleToInstallation(page),
        },
      );
      return found.map(({ id, name, owner, archived }) => ({ id, name, owner: owner.login, archived }));
    },
  };
  return calls;
}

async function findSelf(parts: Parts, calls: AppCalls): Promise<Self> {
  const { appId, gateway, client } = parts;
  const app = await gateway.asApp({
    name: "read app",
    schema: appSchema,
    send: (octokit) => octokit.rest.apps.getAuthenticated(),
  });
  if (app.value.id !== appId) {
    throw new GitHubFailure(`the key belongs to app ${app.value.id}, not to app ${appId}`, { code: "unauthorised" });
  }
  const bot = await findBotUser(`${app.value.slug}[bot]`, parts, await calls.listInstallations());
  const email = `${bot.id}+${bot.login}@${client.address.noreply}`;
  return { appId, slug: app.value.slug, botUserId: bot.id, botLogin: bot.login, email };
}

/**
 * Users are not readable with the app's own JSON Web Token. An installation's token is used where there is one: without
 * it GitHub allows 60 requests an hour per address, and an Enterprise server in private mode allows none.
 */
async function findBotUser(username: string, parts: Parts, installations: readonly Installation[]) {
  const { client, gateway, clock, log } = parts;
  const installation = installations.find((each) => !each.suspended);
  const token = installation && (await gateway.token({ purpose: "list", installationId: installation.id }));
  const call = {
    name: "read bot user",
    schema: userSchema,
    send: (octokit: Octokit) => octokit.rest.users.getByUsername({ username }),
  };
  const octokit = token === undefined ? client.anonymous : client.as(token);
  return (await perform(octokit, call, { clock, log, secrets: token === undefined ? [] : [token] })).value;
}
