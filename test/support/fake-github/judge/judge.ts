import type { Json, JsonObject } from "../world/model.ts";
import { once, restFixture, Validators, webhookFixture } from "./fixtures.ts";

const restValidators = once(() => new Validators(restFixture().definitions, { coerceTypes: false }));
const queryValidators = once(() => new Validators(restFixture().definitions, { coerceTypes: "array" }));
const webhookValidators = once(() => new Validators(webhookFixture().definitions, { coerceTypes: false }));
const routes = once(() => new RouteTable(restFixture().routes));

/** Ajv lists every failing alternative of a choice; the first few say enough. */
const SHOWN = 5;

/** GitHub's own template for a request, or undefined when GitHub has no such route. */
export function routeAtGitHub(method: string, segments: readonly string[]): string | undefined {
  return routes().find(method, segments);
}

/** What GitHub's description says against a request of ours: its query and its body. */
export function judgeRequest(
  route: string,
  request: { readonly query: URLSearchParams; readonly body: Json | undefined },
): string[] {
  const operation = restFixture().operations[route];
  if (operation === undefined) return [];
  const problems: string[] = [];
  for (const [name, value] of request.query) {
    const schema = operation.query[name];
    if (schema === undefined) problems.push(`query ${name}: GitHub has no such parameter`);
    else
      problems.push(
        ...queryValidators()
          .check({ properties: { [name]: schema } }, { [name]: value })
          .map((text) => `query ${text}`),
      );
  }
  if (operation.body !== null) problems.push(...judgeBody(operation.body, request.body));
  return shorten(problems);
}

/** What GitHub's description says against an answer of the stand-in. */
export function judgeResponse(
  route: string,
  response: { readonly status: number; readonly body?: Json | undefined },
): string[] {
  const { status, body } = response;
  const operation = restFixture().operations[route];
  const schema = operation?.responses[String(status)];
  if (operation === undefined) return [`the fixtures lack ${route}: add it to scripts/github-schemas/wanted.ts`];
  // GitHub describes few of its refusals.
  if (schema === undefined) return status >= 400 ? [] : [`status ${status} is not described`];
  if (schema === null) return [];
  return shorten(restValidators().check(schema, body));
}

/** What GitHub's description says against a webhook of the stand-in. */
export function judgeWebhook(event: string, action: string | undefined, payload: JsonObject): string[] {
  const name = [event, action]
    .filter((part) => part !== undefined)
    .join("-")
    .replaceAll("_", "-");
  const schema = webhookFixture().webhooks[name];
  if (schema === undefined) return [`the fixtures lack the webhook ${name}`];
  return shorten(webhookValidators().check(schema, payload));
}

function judgeBody(schema: JsonObject, body: Json | undefined): string[] {
  const problems = restValidators().check(schema, body ?? {});
  const known = schema.properties as JsonObject | undefined;
  if (known === undefined || schema.additionalProperties !== undefined) return problems.map((text) => `body ${text}`);
  const unknown = Object.keys((body ?? {}) as JsonObject).filter((name) => known[name] === undefined);
  return [...problems, ...unknown.map((name) => `/${name}: GitHub has no such field`)].map((text) => `body ${text}`);
}

function shorten(problems: readonly string[]): string[] {
  return problems.length <= SHOWN
    ? [...problems]
    : [...problems.slice(0, SHOWN), `… and ${problems.length - SHOWN} more`];
}

/** Finds templates by method and path. Literal segments win over variables. */
export class RouteTable {
  readonly #routes: { readonly route: string; readonly method: string; readonly parts: readonly string[] }[];

  constructor(all: readonly string[]) {
    this.#routes = all
      .map((route) => {
        const [method = "", path = ""] = route.split(" ");
        return { route, method, parts: path.split("/").slice(1) };
      })
      .sort((a, b) => specificity(b.parts).localeCompare(specificity(a.parts)));
  }

  find(method: string, segments: readonly string[]): string | undefined {
    return this.#routes.find((entry) => entry.method === method && matchParts(entry.parts, segments) !== undefined)
      ?.route;
  }
}

/** Variables that may hold several segments: refs and paths. */
const GREEDY = ["{path}", "{ref}", "{branch}"];

/** The variables of a template for a path, or undefined when it does not fit. */
export function matchParts(parts: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const greedy = parts.findIndex((part) => GREEDY.includes(part));
  const extra = greedy === -1 ? 0 : segments.length - parts.length;
  if (extra < 0 || segments.length - extra !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const from = index > greedy && greedy !== -1 ? index + extra : index;
    const value = segments.slice(from, index === greedy ? from + extra + 1 : from + 1).join("/");
    if (part.startsWith("{")) params[part.slice(1, -1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}

function specificity(parts: readonly string[]): string {
  return parts.map((part) => (GREEDY.includes(part) ? "0" : part.startsWith("{") ? "1" : "2")).join("");
}
