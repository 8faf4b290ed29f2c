import type { Json, Permissions } from "../world/model.ts";
import { fullName } from "../world/world.ts";
import type { Caller } from "./auth.ts";

/** One request that reached the stand-in. */
export interface LoggedRequest {
  readonly method: string;
  /** GitHub's template of the route, `POST /graphql`, or `GIT upload-pack` and the like. */
  readonly route: string;
  /** The path with its query, as it was asked for. */
  readonly path: string;
  readonly token: TokenFacts;
  /** What was sent; undefined for git and for requests without a body. */
  readonly body: Json | undefined;
  /** 0 when the connection was cut. */
  readonly status: number;
  /** The fault that met it. */
  readonly fault: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What kind of proof came with a request, never the proof itself. */
export type TokenFacts =
  | { readonly kind: "nobody" | "app" | "unknown" }
  | { readonly kind: "person"; readonly login: string }
  | { readonly kind: "installation"; readonly permissions: Permissions; readonly repositories: readonly string[] };

export function tokenFacts(caller: Caller): TokenFacts {
  if (caller.kind === "person") return { kind: "person", login: caller.account.login };
  if (caller.kind !== "installation") return { kind: caller.kind };
  const { permissions, repositories } = caller.token;
  return { kind: "installation", permissions, repositories: [...repositories].map(fullName) };
}
