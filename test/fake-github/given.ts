import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Octokit } from "@octokit/rest";
import { Webhooks } from "@octokit/webhooks";
import { onTestFinished } from "vitest";
import {
  type FakeGitHub,
  type FakeGitHubOptions,
  type FakeRepository,
  type NewRepository,
  startFakeGitHub,
} from "../support/fake-github/index.ts";
import { signJwt } from "./jwt.ts";

export const SHOP = { owner: "acme", repo: "shop" };
/** A log for clients that are refused on purpose. */
export const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A webhook as a receiver got it. */
export interface Received {
  readonly guid: string;
  /** `issues.labeled`, or `push` where there is no action. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signed: boolean;
  readonly payload: {
    readonly sender: { readonly login: string; readonly type: string };
    readonly repository: { readonly full_name: string };
    readonly installation: { readonly id: number };
    readonly [key: string]: unknown;
  };
}

export interface Given {
  readonly github: FakeGitHub;
  readonly repo: FakeRepository;
  readonly directory: string;
  readonly received: Received[];
  /** Names of the webhooks that arrived, once all have. */
  readonly arrived: () => Promise<string[]>;
  /** A client with the app's JWT. */
  readonly app: Octokit;
  /** A client with an installation token for these permissions, and that token. */
  readonly client: (permissions?: Record<string, "read" | "write">) => Promise<Octokit & { token: string }>;
}

/** A GitHub with the repository acme/shop, people of every role and somebody listening. All gone when the test ends. */
export async function given(
  more: Partial<NewRepository> & { readonly github?: Partial<FakeGitHubOptions> } = {},
): Promise<Given> {
  const directory = await mkdtemp(join(tmpdir(), "fake-github-test-"));
  const { github: options, ...order } = more;
  const github = await startFakeGitHub({ directory, ...options });
  const repo = await github.createRepository({
    owner: "acme",
    name: "shop",
    private: true,
    files: { "README.md": "# Shop\n", "src/price.txt": "1\n2\n3\n" },
    people: { ann: "write", tim: "triage", rita: "read" },
    ...order,
  });
  const { received, url } = await listening(github);
  github.connect(url);
  onTestFinished(async () => {
    await github.close();
    await rm(directory, { recursive: true, force: true });
  });
  const arrived = async (): Promise<string[]> => {
    await github.settled();
    return received.map((webhook) => webhook.name);
  };
  const now = Math.floor((options?.clock?.() ?? Date.now()) / 1000);
  const auth = signJwt({ iss: github.app.id, iat: now - 30, exp: now + 570 }, github.app.privateKeyPem);
  const app = new Octokit({ baseUrl: github.apiUrl, auth, log: QUIET });
  const client: Given["client"] = async (permissions) => {
    const order = { installation_id: repo.installationId, repositories: [repo.name] };
    const narrowed = permissions === undefined ? order : { ...order, permissions };
    const { token } = (await app.rest.apps.createInstallationAccessToken(narrowed)).data;
    return Object.assign(new Octokit({ baseUrl: github.apiUrl, auth: token, log: QUIET }), { token });
  };
  return { github, repo, directory, received, arrived, app, client };
}

/** Status, message and list of errors of a refused request. */
export async function refusal(
  request: Promise<unknown>,
): Promise<{ readonly status: number; readonly message: string; readonly errors: unknown }> {
  const error = await request.then(
    () => Promise.reject(new Error("GitHub did not refuse")),
    (thrown: unknown) => thrown as { status: number; response?: { data: { message: string; errors: unknown } } },
  );
  return {
    status: error.status,
    message: error.response?.data.message ?? "",
    errors: error.response?.data.errors,
  };
}

/** Real git with nothing of this machine's configuration. */
export async function git(directory: string, ...args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: "Ann",
    GIT_AUTHOR_EMAIL: "ann@example.com",
    GIT_COMMITTER_NAME: "Ann",
    GIT_COMMITTER_EMAIL: "ann@example.com",
  };
  const { stdout } = await promisify(execFile)("git", ["-C", directory, ...args], { env });
  return stdout.trim();
}

/** What git said on the way down. */
export async function gitFailure(directory: string, ...args: readonly string[]): Promise<string> {
  return git(directory, ...args).then(
    () => Promise.reject(new Error(`git ${args.join(" ")} went well`)),
    (error: { stderr: string }) => error.stderr,
  );
}

/** The address git needs to come with a token. */
export function remoteWith(repo: FakeRepository, token: string): string {
  return repo.cloneUrl.replace("http://", `http://x-access-token:${token}@`);
}

/** A clone made with a token. */
export async function clone({ directory, repo }: Given, token: string): Promise<string> {
  const target = join(directory, "clone");
  await mkdir(target);
  await git(directory, "clone", "--quiet", remoteWith(repo, token), target);
  return target;
}

async function listening(github: FakeGitHub): Promise<{ received: Received[]; url: string }> {
  const received: Received[] = [];
  const { verify } = new Webhooks({ secret: github.app.webhookSecret });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const headers = request.headers as Record<string, string>;
    const payload = JSON.parse(body) as Received["payload"] & { action?: string };
    const event = headers["x-github-event"] ?? "";
    received.push({
      guid: headers["x-github-delivery"] ?? "",
      name: payload.action === undefined ? event : `${event}.${payload.action}`,
      headers,
      signed: await verify(body, headers["x-hub-signature-256"] ?? ""),
      payload,
    });
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}
