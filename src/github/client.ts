import { Octokit } from "@octokit/rest";
import { assertAllowed } from "./routes.ts";

/** Where this GitHub lives. No slashes at the ends. */
export interface Address {
  readonly rest: string;
  readonly graphql: string;
  readonly web: string;
  /** Domain of the addresses GitHub gives to accounts that hide theirs. */
  readonly noreply: string;
}

/** Octokit instances that differ only in who they speak as. */
export interface Client {
  readonly address: Address;
  /** As an installation with one of its tokens, or as the app itself with a JSON Web Token. */
  as(token: string): Octokit;
  readonly anonymous: Octokit;
}

export interface ClientSettings {
  readonly host: string | undefined;
  readonly protocol: string | undefined;
  readonly requestTimeoutMs: number;
}

const apiVersion = "2022-11-28";

/**
 * Builds the Octokits. Plain ones, without Probot's retry and throttling: retrying a write that was applied doubles it,
 * and pacing is ours (github.md §1).
 */
export function createClient(settings: ClientSettings): Client {
  const address = addressOf(settings.host, settings.protocol ?? "https");
  const shared = {
    baseUrl: address.rest,
    userAgent: "baton",
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    request: { fetch: fetchWithin(settings.requestTimeoutMs) },
  };
  return {
    address,
    as: (token) => guarded(new Octokit({ ...shared, auth: token }), address),
    anonymous: guarded(new Octokit(shared), address),
  };
}

function addressOf(host: string | undefined, protocol: string): Address {
  if (host === undefined) {
    const web = "https://github.com";
    return {
      rest: "https://api.github.com",
      graphql: "https://api.github.com",
      web,
      noreply: "users.noreply.github.com",
    };
  }
  const web = `${protocol}://${host}`;
  return { rest: `${web}/api/v3`, graphql: `${web}/api`, web, noreply: `users.noreply.${new URL(web).hostname}` };
}

function guarded(octokit: Octokit, address: Address): Octokit {
  octokit.hook.before("request", (options) => {
    const base = options.url === "/graphql" ? address.graphql : address.rest;
    const { url } = octokit.request.endpoint(options);
    assertAllowed({ method: options.method, template: options.url, url, base, query: options.query });
    options.headers["x-github-api-version"] = apiVersion;
  });
  return octokit;
}

/**
 * The timeout covers the body too. Redirects come back as answers instead of being followed: the allow-list has not seen
 * their target, and a redirected POST turns into a GET.
 */
function fetchWithin(milliseconds: number): typeof fetch {
  return (url, init) => fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(milliseconds) });
}
