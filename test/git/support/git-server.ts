import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server does instead of, or after, its work for requests whose address has `on` in it. */
export interface Fault {
  readonly on: string;
  /** `hang`: never answer. `cut_after`: do the work, then cut the line. A number: that status and no work. */
  readonly does: "hang" | "cut_after" | number;
  readonly location?: string;
}

export interface GitServer {
  readonly token: string;
  url(repository: string): string;
  /** Every request, in order; `bytes` is the size of its body once it was read. */
  readonly requests: { readonly path: string; readonly authorization: string | undefined; bytes: number }[];
  fault: Fault | undefined;
  /** The most requests that were open at the same time; set it to 0 to begin anew. */
  peak: number;
  close(): Promise<void>;
}

/** Serves bare repositories below `root` over HTTP, for one token, as GitHub does: 401 without, 404 for unknown ones. */
export async function startGitServer(root: string): Promise<GitServer> {
  const token = "ghs_CanaryCanaryCanary0123456789abcdef";
  const requests: GitServer["requests"] = [];
  const wanted = `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  let open = 0;
  const server = createServer((request, response) => {
    self.peak = Math.max(self.peak, ++open);
    response.on("close", () => open--);
    const { authorization } = request.headers;
    const seen = { path: request.url ?? "", authorization, bytes: 0 };
    requests.push(seen);
    request.on("data", (chunk: Buffer) => {
      seen.bytes += chunk.length;
    });
    const fault = self.fault && request.url?.includes(self.fault.on) ? self.fault : undefined;
    if (fault?.does === "hang") return;
    if (typeof fault?.does === "number") {
      response.writeHead(fault.does, fault.location ? { location: fault.location } : {}).end();
    } else if (authorization !== wanted) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="GitHub"' }).end();
    } else {
      backend(root, request, response, fault !== undefined);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const self: GitServer = {
    token,
    requests,
    fault: undefined,
    peak: 0,
    url: (repository) => `${origin}/${repository}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}

function backend(root: string, request: IncomingMessage, response: ServerResponse, isCutAfter: boolean): void {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? "GET",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"] ?? ""),
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      REMOTE_USER: "x-access-token",
    },
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => {});
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.on("close", () => {
    if (isCutAfter) request.socket.destroy();
    else answer(Buffer.concat(chunks), response);
  });
}

function answer(cgi: Buffer, response: ServerResponse): void {
  const end = cgi.indexOf("\r\n\r\n");
  const headers = cgi.subarray(0, end).toString("latin1").split("\r\n");
  for (const header of headers) {
    const [name = "", value = ""] = header.split(/: (.*)/s);
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(cgi.subarray(end + 4));
}
