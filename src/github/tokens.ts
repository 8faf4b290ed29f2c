import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { Client } from "./client.ts";
import { GitHubFailure } from "./errors.ts";
import { perform } from "./request.ts";
import type { Clock, Log } from "./types.ts";

/** What a token is for. Each gets only the permissions of that step. */
export type Purpose = "read" | "converse" | "resolve" | "push";

/** A token for one repository, or the weak one that can only list an installation's repositories. */
export type TokenScope =
  | { readonly purpose: Purpose; readonly installationId: number; readonly repositoryId: number }
  | { readonly purpose: "list"; readonly installationId: number };

type Permissions = Readonly<Record<string, "read" | "write">>;

/** Permissions by purpose, each a part of what `app.yml` asks for. */
export const permissionsFor: Readonly<Record<TokenScope["purpose"], Permissions>> = {
  read: { metadata: "read", contents: "read", issues: "read", pull_requests: "read", checks: "read", statuses: "read" },
  // A pull request names two branches; reading them needs contents.
  converse: { metadata: "read", contents: "read", issues: "write", pull_requests: "write", checks: "write" },
  // GitHub asks for contents, of all things, to resolve a review thread (github.md §2).
  resolve: { metadata: "read", contents: "write", pull_requests: "write" },
  push: { metadata: "read", contents: "write" },
  list: { metadata: "read" },
};

export interface Tokens {
  get(scope: TokenScope): Promise<string>;
  /** After a 401. Does nothing when a newer token has taken the place already. */
  forget(token: string): void;
}

interface Held {
  readonly token: Promise<string>;
  readonly until: number;
}

/** GitHub's installation tokens live an hour; ten minutes are left for whoever was handed one. */
const keptMs = 50 * 60_000;

export interface TokenParts {
  readonly client: Client;
  /** Makes a JSON Web Token of the app. */
  readonly jwt: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Mints narrowed installation tokens and keeps each for 50 minutes. Simultaneous requests share one minting. */
export function createTokens(parts: TokenParts): Tokens {
  const { clock } = parts;
  const held = new Map<string, Held>();
  const values = new Map<string, string>();

  function drop(key: string): void {
    held.delete(key);
    values.delete(key);
  }

  async function minted(key: string, scope: TokenScope): Promise<string> {
    try {
      const token = await mint(parts, scope);
      values.set(key, token);
      return token;
    } catch (failure) {
      drop(key);
      throw failure;
    }
  }

  return {
    async get(scope) {
      const now = clock.now();
      for (const [key, { until }] of held) if (until <= now) drop(key);
      const key = keyOf(scope);
      const known = held.get(key);
      if (known) return known.token;
      const token = minted(key, scope);
      held.set(key, { token, until: now + keptMs });
      return token;
    },
    forget(token) {
      for (const [key, value] of values) if (value === token) drop(key);
    },
  };
}

const answerSchema = z.object({ token: z.string().min(1) });

async function mint({ client, jwt, clock, log }: TokenParts, scope: TokenScope): Promise<string> {
  const narrowed = scope.purpose === "list" ? {} : { repository_ids: [scope.repositoryId] };
  const body = { installation_id: scope.installationId, permissions: permissionsFor[scope.purpose], ...narrowed };
  const call = {
    name: `mint ${scope.purpose} token`,
    schema: answerSchema,
    send: (octokit: Octokit) => octokit.rest.apps.createInstallationAccessToken(body),
  };
  try {
    const proof = jwt();
    return (await perform(client.as(proof), call, { clock, log, secrets: [proof] })).value.token;
  } catch (error) {
    // 422 here: the installation has not granted (yet) what we ask for, or the repository is not one of its own.
    if (!(error instanceof GitHubFailure) || error.code !== "invalid") throw error;
    throw new GitHubFailure(error.message, { code: "forbidden", status: error.status, cause: error });
  }
}

function keyOf(scope: TokenScope): string {
  return [scope.installationId, scope.purpose, scope.purpose === "list" ? "" : scope.repositoryId].join("/");
}
