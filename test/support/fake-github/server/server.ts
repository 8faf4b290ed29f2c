import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerGit, parseGitRequest } from "../git/git-http.ts";
import { answerGraphql } from "../graphql/graphql-server.ts";
import type { RestServer } from "../rest/rest-server.ts";
import type { Reply } from "../rest/route.ts";
import type { Json, JsonObject } from "../world/model.ts";
import { Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import type { Activity } from "./activity.ts";
import { authenticate, type Caller, type Tokens } from "./auth.ts";
import type { RequestFault, RequestFaults } from "./request-faults.ts";
import { type LoggedRequest, tokenFacts } from "./request-log.ts";

export interface ServerParts {
  readonly world: World;
  readonly rest: RestServer;
  readonly tokens: Tokens;
  readonly faults: RequestFaults;
  readonly activity: Activity;
  readonly requests: LoggedRequest[];
}

/** What is known of a request before it is answered. */
interface Job {
  readonly route: string;
  readonly body: Json | undefined;
  readonly perform: (caller: Caller) => Promise<Reply>;
  readonly isGit: boolean;
}

/** The one HTTP server for REST, GraphQL and git. */
export async function listen(parts: ServerParts): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    void parts.activity
      .during(() => handle(parts, incoming, outgoing))
      .catch((error: unknown) => {
        if (incoming.destroyed && !incoming.complete) return; // whoever asked is gone, in the middle of asking
        parts.world.problems.push(`the stand-in failed on ${incoming.method} ${incoming.url}: ${String(error)}`);
        if (!outgoing.headersSent) outgoing.writeHead(500);
        outgoing.end();
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  parts.world.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return server;
}

/** Ends the server and every connection to it. */
export async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(parts: ServerParts, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const job = await jobOf(parts, incoming);
  const met = { route: job.route, path: incoming.url ?? "/", body: job.body };
  const fault = parts.faults.take(met);
  const caller = callerOf(parts, incoming, job);
  const interlude = fault?.kind === "run" ? fault : undefined;
  if (interlude?.when === "before") await interlude.interlude(met);
  if (incoming.destroyed && !incoming.complete) return; // whoever asked went away meanwhile
  const isSpared = fault?.when === "before" && interlude === undefined;
  const real = isSpared ? undefined : await perform(job, caller);
  if (isSpared) incoming.resume();
  if (interlude?.when === "after") await interlude.interlude(met);
  const reply = fault === undefined || fault.kind === "run" ? real : faultReply(fault);
  log(parts, incoming, { job, caller, reply, fault });
  if (reply === undefined) incoming.socket.resetAndDestroy();
  else await send(parts.world, outgoing, reply);
}

async function perform(job: Job, caller: Caller | Refusal): Promise<Reply> {
  try {
    if (caller instanceof Refusal) throw caller;
    return await job.perform(caller);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return job.isGit ? gitRefusal(error) : { status: error.status, body: error.toJson() };
  }
}

async function jobOf(parts: ServerParts, incoming: IncomingMessage): Promise<Job> {
  const { world, rest } = parts;
  const method = incoming.method ?? "GET";
  const url = new URL(incoming.url ?? "/", world.origin);
  const git = parseGitRequest(method, url);
  if (git !== undefined) {
    const perform = async (caller: Caller): Promise<Reply> => {
      const { status, headers, body } = await answerGit(world, caller, { git, incoming });
      return { status, headers, raw: body };
    };
    return { route: git.route, body: undefined, perform, isGit: true };
  }
  const body = await readJson(incoming);
  if (url.pathname === "/api/graphql") {
    const perform = (caller: Caller): Promise<Reply> => answerGraphql(world, caller, (body ?? {}) as JsonObject);
    return { route: "POST /graphql", body, perform, isGit: false };
  }
  if (!url.pathname.startsWith("/api/v3/")) return lost(world, method, url.pathname);
  const located = rest.locate(method, url.pathname.slice("/api/v3".length));
  const accept = incoming.headers.accept ?? "";
  const perform = (caller: Caller): Promise<Reply> =>
    rest.answer({ ...located, caller, query: url.searchParams, body, accept });
  return { route: located.route, body, perform, isGit: false };
}

function lost(world: World, method: string, path: string): Job {
  const perform = async (): Promise<Reply> => {
    world.problems.push(`nothing is served at ${method} ${path}`);
    return { status: 404, body: { message: "Not Found" } };
  };
  return { route: `${method} ${path}`, body: undefined, perform, isGit: false };
}

/** Who sends it, or why that cannot be told. */
function callerOf(parts: ServerParts, incoming: IncomingMessage, job: Job): Caller | Refusal {
  try {
    const header = incoming.headers.authorization;
    return job.isGit ? gitCaller(parts, header) : authenticate(parts.world, parts.tokens, header);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** Git sends its token as the password of basic authentication. */
function gitCaller(parts: ServerParts, header: string | undefined): Caller {
  const [, encoded] = /^basic (.+)$/i.exec(header ?? "") ?? [];
  if (encoded === undefined)
    return header === undefined ? { kind: "nobody" } : authenticate(parts.world, parts.tokens, header);
  const password = Buffer.from(encoded, "base64").toString().split(":").slice(1).join(":");
  const caller = parts.tokens.find(password);
  if (caller === undefined)
    throw new Refusal(401, "Invalid username or token. Password authentication is not supported for Git operations.");
  return caller;
}

function gitRefusal(refusal: Refusal): Reply {
  const headers: Record<string, string> = { "content-type": "text/plain" };
  if (refusal.status === 401) headers["www-authenticate"] = 'Basic realm="GitHub"';
  return { status: refusal.status, raw: Buffer.from(`${refusal.message}\n`), headers };
}

function faultReply(fault: Exclude<RequestFault, { kind: "run" }>): Reply | undefined {
  if (fault.kind === "hang up") return undefined;
  const { status, body = { message: "Server Error" }, headers = {} } = fault.answer;
  return typeof body === "string" ? { status, raw: Buffer.from(body), headers } : { status, body, headers };
}

interface Outcome {
  readonly job: Job;
  readonly caller: Caller | Refusal;
  readonly reply: Reply | undefined;
  readonly fault: RequestFault | undefined;
}

function log(parts: ServerParts, incoming: IncomingMessage, { job, caller, reply, fault }: Outcome): void {
  const { authorization: _, ...headers } = incoming.headers;
  parts.requests.push({
    method: incoming.method ?? "GET",
    route: job.route,
    path: incoming.url ?? "/",
    token: caller instanceof Refusal ? { kind: "unknown" } : tokenFacts(caller),
    body: job.body,
    status: reply?.status ?? 0,
    fault: fault === undefined ? undefined : `${fault.kind} ${fault.when}`,
    headers: headers as Record<string, string>,
  });
}

async function send(world: World, outgoing: ServerResponse, reply: Reply): Promise<void> {
  const isJson = reply.raw === undefined && reply.body !== undefined;
  outgoing.sendDate = false;
  outgoing.writeHead(reply.status, {
    date: new Date(world.clock()).toUTCString(),
    "x-github-request-id": "BA70:0:0:0:0",
    ...(isJson
      ? {
          "content-type": "application/json; charset=utf-8",
          "x-ratelimit-limit": "5000",
          "x-ratelimit-remaining": "4999",
        }
      : {}),
    ...reply.headers,
  });
  if (outgoing.closed) return;
  await new Promise<void>((resolve) => {
    outgoing.on("close", resolve); // also when the other side went away
    outgoing.end(reply.raw ?? (isJson ? JSON.stringify(reply.body) : undefined));
  });
}

async function readJson(incoming: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
