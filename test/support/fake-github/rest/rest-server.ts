import type { Webhooks } from "../hooks/webhooks.ts";
import { judgeRequest, judgeResponse, matchParts, RouteTable, routeAtGitHub } from "../judge/judge.ts";
import { authorise, type Caller, type Tokens } from "../server/auth.ts";
import type { Json, JsonObject } from "../world/model.ts";
import { notAccessible, notFound, Refusal } from "../world/refusal.ts";
import { fullName, type World } from "../world/world.ts";
import { appRoutes } from "./app.ts";
import { checkRoutes } from "./checks.ts";
import { commentRoutes } from "./comments.ts";
import { contentRoutes } from "./contents.ts";
import { issueRoutes } from "./issues.ts";
import { pullRoutes } from "./pulls.ts";
import { reviewRoutes } from "./reviews.ts";
import type { Call, Reply, Route } from "./route.ts";

const ROUTES: readonly Route[] = [
  ...appRoutes,
  ...issueRoutes,
  ...commentRoutes,
  ...contentRoutes,
  ...pullRoutes,
  ...reviewRoutes,
  ...checkRoutes,
];
const TABLE = new RouteTable(ROUTES.map(({ route }) => route));

/** A request whose route is known. */
export interface Located {
  readonly method: string;
  /** GitHub's template, or the path when GitHub has none. */
  readonly route: string;
  readonly segments: readonly string[];
}

export interface RestRequest extends Located {
  readonly caller: Caller;
  readonly query: URLSearchParams;
  readonly body: Json | undefined;
  readonly accept: string;
}

/** The REST half of the stand-in. */
export class RestServer {
  readonly #world: World;
  readonly #tokens: Tokens;
  readonly #webhooks: Webhooks;

  constructor(world: World, parts: { readonly tokens: Tokens; readonly webhooks: Webhooks }) {
    this.#world = world;
    this.#tokens = parts.tokens;
    this.#webhooks = parts.webhooks;
  }

  /** Finds the route of a path below `/api/v3`. `/repositories/{id}/…` is the same as `/repos/{owner}/{repo}/…`. */
  locate(method: string, path: string): Located {
    const segments = this.#byName(path.split("/").slice(1).map(decodeURIComponent));
    const route = TABLE.find(method, segments) ?? routeAtGitHub(method, segments) ?? `${method} ${path}`;
    return { method, route, segments };
  }

  /** Answers a request and has GitHub's description judge both. */
  async answer(request: RestRequest): Promise<Reply> {
    const { route, method, segments } = request;
    const definition = ROUTES.find((candidate) => candidate.route === route);
    if (definition === undefined) return this.#unrouted(method, segments);
    for (const problem of judgeRequest(route, request)) this.#problem(`request ${route}: ${problem}`);
    const reply = await this.#run(definition, request).catch(refused);
    if (reply.raw !== undefined) return reply;
    for (const problem of judgeResponse(route, reply))
      this.#problem(`the stand-in's answer ${reply.status} to ${route} violates GitHub's schema: ${problem}`);
    return reply;
  }

  #run = async (route: Route, request: RestRequest): Promise<Reply> => {
    const { caller } = request;
    const parts = route.route.split(" ")[1]?.split("/").slice(1) ?? [];
    const params = { ...matchParts(parts, request.segments), $path: `/${request.segments.join("/")}` };
    const call: Call = {
      world: this.#world,
      tokens: this.#tokens,
      webhooks: this.#webhooks,
      caller,
      params,
      query: request.query,
      body: (request.body ?? {}) as JsonObject,
      accept: request.accept,
    };
    if (caller.kind === "nobody") throw new Refusal(401, "Requires authentication");
    if (route.for === "app") {
      if (caller.kind !== "app") throw new Refusal(401, "A JSON web token could not be decoded");
      return route.answer(call);
    }
    if (route.for === "anybody") return route.answer(call);
    if (route.for === "installation") {
      if (caller.kind !== "installation") throw notAccessible();
      return route.answer({ ...call, token: caller.token });
    }
    const repository = this.#world.repository(call.params.owner ?? "", call.params.repo ?? "");
    if (repository === undefined) throw notFound();
    authorise(caller, repository, route.needs);
    const access = request.method === "GET" ? "read" : "write";
    return route.answer({
      ...call,
      params: { ...params, $access: access },
      repository,
      act: { by: this.#world.bot, silent: false },
    });
  };

  #unrouted(method: string, segments: readonly string[]): Reply {
    const route = routeAtGitHub(method, segments);
    if (route === undefined) {
      this.#problem(`GitHub has no such route: ${method} /${segments.join("/")}`);
      return refused(notFound());
    }
    this.#problem(`the stand-in lacks ${route}`);
    return refused(new Refusal(501, `the stand-in lacks ${route}`));
  }

  #byName(segments: readonly string[]): readonly string[] {
    if (segments[0] !== "repositories" || !/^\d+$/.test(segments[1] ?? "")) return segments;
    const repository = this.#world.repositories.find((candidate) => candidate.id === Number(segments[1]));
    const name = repository === undefined ? ["-", "-"] : fullName(repository).split("/");
    return ["repos", ...name, ...segments.slice(2)];
  }

  #problem(text: string): void {
    this.#world.problems.push(text);
  }
}

function refused(error: unknown): Reply {
  if (!(error instanceof Refusal)) throw error;
  return { status: error.status, body: error.toJson() };
}
