import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type OutgoingHttpHeaders, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import {
  createIngress,
  type IngressLimits,
  type IngressOptions,
  type VerifiedDelivery,
} from "../../src/handlers/guard.ts";

export const secret = "0123456789abcdef0123456789abcdef";

/** An ingress on a free port of the loopback interface, and what it accepted. */
export interface Running {
  readonly port: number;
  readonly accepted: readonly VerifiedDelivery[];
  readonly failures: readonly unknown[];
  close(): Promise<void>;
}

export async function startIngress(
  options: Partial<Omit<IngressOptions, "limits">> = {},
  limits: Partial<IngressLimits> = {},
): Promise<Running> {
  const accepted: VerifiedDelivery[] = [];
  const failures: unknown[] = [];
  const server = createIngress({
    secret,
    accept: async (delivery) => {
      accepted.push(delivery);
    },
    readiness: async () => ({ kind: "ready" }),
    onFailure: (error) => failures.push(error),
    ...options,
    limits: { lingerMs: 200, ...limits },
  });
  await listen(server);
  return {
    port: (server.address() as AddressInfo).port,
    accepted,
    failures,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function listen(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: OutgoingHttpHeaders;
}

/** What a delivery from GitHub looks like; `headers` replace its own, an undefined one removes it. */
export function delivery(body: string | Buffer, headers: OutgoingHttpHeaders = {}): Sent {
  return {
    method: "POST",
    path: "/api/github/webhooks",
    body,
    headers: {
      "content-type": "application/json",
      "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "x-github-event": "issues",
      "x-hub-signature-256": sign(body),
      ...headers,
    },
  };
}

export function sign(body: string | Buffer, key = secret): string {
  return `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
}

/** One request on its own connection, and the answer's status. */
export async function send(port: number, { method = "GET", path = "/", body, headers = {} }: Sent): Promise<number> {
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
  const outgoing = request({ host: "127.0.0.1", port, method, path, headers: given, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, "response");
  response.resume();
  await once(response, "close");
  return response.statusCode;
}

/** Sends an endless body without a length until somebody stops it, and returns the status or why it ended. */
export function sendForever(port: number, head: Sent): Promise<number | "cut"> {
  const chunk = Buffer.alloc(64 * 1024, "a");
  return new Promise((resolve) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      method: "POST",
      path: head.path,
      headers: head.headers ?? {},
      agent: false,
    });
    let over = false;
    const end = (result: number | "cut") => {
      over = true;
      outgoing.destroy();
      resolve(result);
    };
    outgoing.on("response", (response) => end(response.statusCode ?? 0));
    outgoing.on("error", () => end("cut"));
    const write = () => {
      while (!over && outgoing.write(chunk));
      if (!over) outgoing.once("drain", write);
    };
    write();
  });
}

/** Sends raw text and keeps the connection open; resolves with all that came back when the other side closes it. */
export function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8").on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(answer));
  });
}
