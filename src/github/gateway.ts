import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import type { Client } from "./client.ts";
import { type Answer, GitHubFailure } from "./errors.ts";
import type { Pacing } from "./pacing.ts";
import { type Call, perform, type Received } from "./request.ts";
import type { TokenScope, Tokens } from "./tokens.ts";
import type { At, Clock, Log } from "./types.ts";

/** The ways to reach GitHub, for the files that know what to ask. All throw {@link GitHubFailure}. */
export interface Gateway {
  /** A read of one repository. */
  read<T>(at: At, call: Call<T>): Promise<T>;
  /** A paced, un-repeated write to one repository. */
  write<T>(at: At, call: Call<T>): Promise<T>;
  /** A GraphQL query on one repository. The document must be listed in `queries.ts`. */
  query<T>(at: At, query: Query<T>): Promise<T>;
  /** A change in one repository that only GraphQL offers: paced and un-repeated like every write. Its token may resolve threads. */
  mutate<T>(at: At, mutation: Query<T>): Promise<T>;
  /** All items of a paged list, in GitHub's order, at most `maxPages` × 100 of them. */
  readAll<T>(source: Source, list: List<T>): Promise<readonly T[]>;
  /** One call as the app itself. */
  asApp<T>(call: Call<T>): Promise<Received<T>>;
  /** A token to hand out, to git for example. */
  token(scope: TokenScope): Promise<string>;
}

export type Source = At | { readonly installationId: number } | "app";

export interface Query<T> {
  readonly name: string;
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly schema: z.ZodType<T>;
}

export interface List<T> {
  readonly name: string;
  readonly maxPages: number;
  readonly schema: z.ZodType<readonly T[]>;
  readonly send: (octokit: Octokit, page: { readonly page: number; readonly per_page: 100 }) => Promise<Answer>;
}

interface Parts {
  readonly client: Client;
  readonly tokens: Tokens;
  /** Makes a JSON Web Token of the app. */
  readonly jwt: () => string;
  readonly pacing: Pacing;
  readonly clock: Clock;
  readonly log: Log;
}

/** Calls as the app have a limit of their own; installation ids start at 1. */
const appLane = 0;

export function createGateway(parts: Parts): Gateway {
  const { client, tokens, jwt, pacing, clock, log } = parts;

  /** No call while paused, and whatever says "rate limited" starts a pause. */
  async function unlessPaused<T>(lane: number, work: () => Promise<T>): Promise<T> {
    await pacing.refuseWhilePaused(lane);
    try {
      return await work();
    } catch (error) {
      if (error instanceof GitHubFailure && error.code === "rate_limited" && error.retryAt !== undefined) {
        log.warn({ installation: lane, retryAt: error.retryAt }, "github asked us to wait");
        await pacing.pause(lane, error.retryAt);
      }
      throw error;
    }
  }

  /** A 401 means that the token died early (revoked, suspended, clock): one new token, one more try. Nothing was applied. */
  function asInstallation<T>(scope: TokenScope, call: Call<T>): Promise<Received<T>> {
    return unlessPaused(scope.installationId, async () => {
      const token = await tokens.get(scope);
      try {
        return await perform(client.as(token), call, { clock, log, secrets: [token] });
      } catch (error) {
        if (!(error instanceof GitHubFailure) || error.code !== "unauthorised") throw error;
        tokens.forget(token);
      }
      const fresh = await tokens.get(scope);
      return perform(client.as(fresh), call, { clock, log, secrets: [token, fresh] });
    });
  }

  function asApp<T>(call: Call<T>): Promise<Received<T>> {
    return unlessPaused(appLane, async () => {
      const proof = jwt();
      return perform(client.as(proof), call, { clock, log, secrets: [proof] });
    });
  }

  function from<T>(source: Source, call: Call<T>): Promise<Received<T>> {
    if (source === "app") return asApp(call);
    return asInstallation(readScope(source), call);
  }

  /** Whatever may take long comes before the proof, so that little time passes between it and the request. */
  async function write<T>(at: At, purpose: "converse" | "resolve", call: Call<T>): Promise<T> {
    const scope = { ...readScope(at), purpose };
    const send = async () => {
      await token(scope);
      await at.beforeWrite?.();
      return asInstallation(scope, call);
    };
    return (await pacing.write(at.installationId, send)).value;
  }

  const token = (scope: TokenScope) => unlessPaused(scope.installationId, () => tokens.get(scope));

  return {
    asApp,
    token,
    read: async (at, call) => (await from(at, call)).value,
    write: (at, call) => write(at, "converse", call),
    query: async (at, query) => (await from(at, graphqlCall(query, parts))).value,
    mutate: (at, mutation) => write(at, "resolve", graphqlCall(mutation, parts)),
    async readAll(source, list) {
      const items = [];
      for (let page = 1; page <= list.maxPages; page += 1) {
        const send = (octokit: Octokit) => list.send(octokit, { page, per_page: 100 });
        const { value, next } = await from(source, { name: list.name, schema: list.schema, send });
        items.push(...value);
        if (!next) return items;
      }
      throw new GitHubFailure(`${list.name}: more than ${list.maxPages} pages`, { code: "doubt" });
    },
  };
}

function readScope(source: At): { purpose: "read"; installationId: number; repositoryId: number };
function readScope(source: At | { readonly installationId: number }): TokenScope;
function readScope(source: At | { readonly installationId: number }): TokenScope {
  const { installationId } = source;
  if (!("repository" in source)) return { purpose: "list", installationId };
  return { purpose: "read", installationId, repositoryId: source.repository.id };
}

function graphqlCall<T>(query: Query<T>, { client }: Parts): Call<T> {
  const { document, variables } = query;
  const baseUrl = client.address.graphql;
  return {
    name: query.name,
    schema: z.object({ data: query.schema }).transform((answer) => answer.data),
    send: (octokit) => octokit.request("POST /graphql", { baseUrl, query: document, variables }),
  };
}
