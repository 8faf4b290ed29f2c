import { spawn } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { authorise, type Caller } from "../server/auth.ts";
import { inTurn } from "../world/lock.ts";
import type { Account, Repository } from "../world/model.ts";
import { afterRefsMoved, movedRefs } from "../world/pushes.ts";
import { notFound, Refusal } from "../world/refusal.ts";
import { covers, roleOf } from "../world/roles.ts";
import { fullName, type World } from "../world/world.ts";
import { gitEnvironment } from "./git.ts";
import { refsOf } from "./history.ts";
import { hooksDirectory } from "./push-rules.ts";

/** A request of git itself. */
export interface GitRequest {
  /** `GIT advertise upload-pack`, `GIT upload-pack` or the same with `receive-pack`. */
  readonly route: string;
  readonly owner: string;
  readonly name: string;
  readonly pathInfo: string;
  readonly service: "upload-pack" | "receive-pack";
}

export interface GitReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Reads a path as one of git's requests. Undefined when it is none. */
export function parseGitRequest(method: string, url: URL): GitRequest | undefined {
  const match = /^\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(url.pathname);
  if (match === null) return undefined;
  const [, owner = "", name = "", action = ""] = match;
  const word = action === "info/refs" ? url.searchParams.get("service") : action;
  const service = word === "git-upload-pack" ? "upload-pack" : word === "git-receive-pack" ? "receive-pack" : undefined;
  if (service === undefined || method !== (action === "info/refs" ? "GET" : "POST")) return undefined;
  const route = action === "info/refs" ? `GIT advertise ${service}` : `GIT ${service}`;
  return { route, owner, name, pathInfo: `/${action}`, service };
}

/**
 * Lets the real git answer. After a push the world notices what moved.
 *
 * @throws Refusal 401, 403 or 404 when the caller may not
 */
export async function answerGit(
  world: World,
  caller: Caller,
  exchange: { readonly git: GitRequest; readonly incoming: IncomingMessage },
): Promise<GitReply> {
  const { git, incoming } = exchange;
  const { repository, by } = allowed(world, caller, git);
  const run = (): Promise<GitReply> => runBackend(world, { repository, git, incoming, login: by.login });
  if (git.route !== "GIT receive-pack") return run();
  return inTurn(repository, async () => {
    const before = await refsOf(repository.directory);
    const reply = await run();
    const moved = movedRefs(before, await refsOf(repository.directory));
    await afterRefsMoved(repository, { act: { by, silent: false }, moved });
    return reply;
  });
}

function allowed(
  world: World,
  caller: Caller,
  git: GitRequest,
): { readonly repository: Repository; readonly by: Account } {
  if (caller.kind === "nobody" || caller.kind === "app") throw new Refusal(401, "Repository not found.");
  const repository = world.repository(git.owner, git.name);
  if (repository === undefined) throw new Refusal(404, "Repository not found.");
  const isPush = git.service === "receive-pack";
  if (caller.kind === "installation") {
    authorise(caller, repository, [{ contents: isPush ? "write" : "read" }]);
    return { repository, by: world.bot };
  }
  const role = roleOf(repository, caller.account);
  if (!covers(role, "read")) throw notFound();
  if (isPush && !covers(role, "write")) {
    throw new Refusal(403, `Permission to ${fullName(repository)}.git denied to ${caller.account.login}.`);
  }
  return { repository, by: caller.account };
}

interface BackendRun {
  readonly repository: Repository;
  readonly git: GitRequest;
  readonly incoming: IncomingMessage;
  readonly login: string;
}

function runBackend(world: World, { repository, git, incoming, login }: BackendRun): Promise<GitReply> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", ["http-backend"], {
      env: environment(world, { repository, git, incoming, login }),
      stdio: ["pipe", "pipe", "pipe"],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => {}); // git may have read enough
    incoming.on("close", () => {
      if (!incoming.complete) child.kill("SIGKILL");
    });
    child.on("error", reject);
    child.on("close", () => {
      const output = Buffer.concat(stdout);
      if (output.includes("\r\n\r\n")) resolve(parseCgi(output));
      else reject(new Error(`git http-backend said nothing: ${Buffer.concat(stderr).toString()}`));
    });
    incoming.pipe(child.stdin);
  });
}

function environment(world: World, run: BackendRun): Record<string, string> {
  const { repository, git, incoming, login } = run;
  const header = (name: string): string => String(incoming.headers[name] ?? "");
  return gitEnvironment({
    GIT_PROJECT_ROOT: world.directory,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: repository.directory.slice(world.directory.length) + git.pathInfo,
    QUERY_STRING: incoming.url?.split("?")[1] ?? "",
    REQUEST_METHOD: incoming.method ?? "GET",
    CONTENT_TYPE: header("content-type"),
    HTTP_CONTENT_ENCODING: header("content-encoding"),
    GIT_PROTOCOL: header("git-protocol"),
    REMOTE_USER: login,
    REMOTE_ADDR: "127.0.0.1",
    ...settings(world),
    PUSHED_BY_APP: login === world.bot.login ? "yes" : "",
    GIT_COMMITTER_NAME: "GitHub",
    GIT_COMMITTER_EMAIL: "noreply@github.com",
  });
}

/** Configuration for one call: the repositories themselves stay plain. */
function settings(world: World): Record<string, string> {
  const pairs = [
    ["http.receivepack", "true"], // otherwise the backend takes no pushes
    ["receive.hideRefs", "refs/pull"], // GitHub's own
    ["core.hooksPath", hooksDirectory(world.directory)],
  ];
  const entries = pairs.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { ...Object.fromEntries(entries), GIT_CONFIG_COUNT: String(pairs.length) };
}

function parseCgi(output: Buffer): GitReply {
  const end = output.indexOf("\r\n\r\n");
  const lines = output.subarray(0, end).toString().split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const { Status: status, ...rest } = headers;
  return { status: Number.parseInt(status ?? "200", 10), headers: rest, body: output.subarray(end + 4) };
}
