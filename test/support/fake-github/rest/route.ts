import type { Webhooks } from "../hooks/webhooks.ts";
import { apiUrl } from "../present/account.ts";
import type { Caller, Needs, Token, Tokens } from "../server/auth.ts";
import type { Act, Json, JsonObject, Repository } from "../world/model.ts";
import { notFound } from "../world/refusal.ts";
import type { World } from "../world/world.ts";

/** A request as a route sees it. */
export interface Call {
  readonly world: World;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly accept: string;
}

/** A request on a repository the caller may use. */
export interface RepositoryCall extends Call {
  readonly repository: Repository;
  readonly act: Act;
}

/** A request with an installation token. */
export interface InstallationCall extends Call {
  readonly token: Token;
}

export interface Reply {
  readonly status: number;
  readonly body?: Json | undefined;
  /** Bytes instead of JSON, for raw contents. */
  readonly raw?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route by GitHub's template, for whom it is, and what it does. */
export type Route = { readonly route: string } & (
  | { readonly for: "anybody"; readonly answer: (call: Call) => Reply | Promise<Reply> }
  | { readonly for: "app"; readonly answer: (call: Call) => Reply | Promise<Reply> }
  | { readonly for: "installation"; readonly answer: (call: InstallationCall) => Reply | Promise<Reply> }
  | {
      readonly for: "repository";
      readonly needs: Needs;
      readonly answer: (call: RepositoryCall) => Reply | Promise<Reply>;
    }
);

/** 200 with a body. */
export function ok(body: Json): Reply {
  return { status: 200, body };
}

/** 201 with a body. */
export function created(body: Json): Reply {
  return { status: 201, body };
}

/** 204. */
export const NOTHING: Reply = { status: 204 };

/** A number from the path. @throws Refusal 404 for anything else */
export function numberParam(call: Call, name: string): number {
  const text = call.params[name] ?? "";
  if (!/^\d+$/.test(text)) throw notFound();
  return Number(text);
}

/** A text field of the body, or undefined. */
export function textField(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" ? value : undefined;
}

/** A list of texts in the body; empty when it is missing. */
export function textsField(body: JsonObject, name: string): readonly string[] {
  const value = body[name];
  return Array.isArray(value)
    ? value.map((entry) => (typeof entry === "string" ? entry : String((entry as JsonObject).name)))
    : [];
}

/** One page of a list, with GitHub's `Link` header. In a repository the links name it by its id. */
export function page<T>(
  call: Call & { readonly repository?: Repository },
  items: readonly T[],
  toJson: (item: T) => Json,
): Reply {
  const { from, to, headers } = pageRange(call, items.length);
  return { status: 200, body: items.slice(from, to).map(toJson), headers };
}

/** The same for answers that wrap their list: `{ total_count, <name>: [...] }`. */
export function countedPage<T>(
  call: Call & { readonly repository?: Repository },
  list: { readonly name: string; readonly items: readonly T[] },
  toJson: (item: T) => Json,
): Reply {
  const { from, to, headers } = pageRange(call, list.items.length);
  return {
    status: 200,
    body: { total_count: list.items.length, [list.name]: list.items.slice(from, to).map(toJson) },
    headers,
  };
}

function pageRange(
  call: Call & { readonly repository?: Repository },
  total: number,
): { readonly from: number; readonly to: number; readonly headers: Record<string, string> } {
  const size = Math.min(100, Math.max(1, Number(call.query.get("per_page") ?? 30) || 30));
  const number = Math.max(1, Number(call.query.get("page") ?? 1) || 1);
  const last = Math.max(1, Math.ceil(total / size));
  const links: string[] = [];
  const link = (to: number, rel: string): void => {
    const query = new URLSearchParams(call.query);
    query.set("page", String(to));
    links.push(`<${listUrl(call)}?${query}>; rel="${rel}"`);
  };
  if (number > 1) link(number - 1, "prev");
  if (number < last) link(number + 1, "next");
  if (number < last) link(last, "last");
  if (number > 1) link(1, "first");
  return { from: (number - 1) * size, to: number * size, headers: links.length > 0 ? { link: links.join(", ") } : {} };
}

function listUrl(call: Call & { readonly repository?: Repository }): string {
  const path = call.params.$path ?? "";
  if (call.repository === undefined) return apiUrl(call.world) + path;
  const rest = path.split("/").slice(4).join("/");
  return `${apiUrl(call.world)}/repositories/${call.repository.id}/${rest}`;
}
