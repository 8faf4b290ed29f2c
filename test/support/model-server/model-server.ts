import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { SlowAnswer } from "./deliver.ts";
import type { FaultInput, Faults } from "./faults.ts";
import { Model } from "./model.ts";
import type { RecordedRequest, Recording } from "./record.ts";
import { loadTurnFile, type TurnFileInput } from "./script.ts";

export interface ModelServerOptions {
  /** Path of a turn file, or what one says. */
  readonly script: string | TurnFileInput;
  /** Planned before the first request. */
  readonly faults?: readonly FaultInput[];
}

export interface ModelServer {
  /** Where the routes of the protocols begin, with the version. */
  readonly baseUrl: string;
  /** Every request, in the order they came; each grows while it is answered. */
  readonly requests: readonly RecordedRequest[];
  /** What a test or its script forgot: prompts without a script, unknown paths, bodies that could not be read. */
  readonly problems: readonly string[];
  readonly faults: Pick<Faults, "plan" | "clear">;
  /** The next answer that comes in parts; waits for one. */
  readonly nextSlow: () => Promise<SlowAnswer>;
  /** Nobody listens any more: open answers are cut, connections refused. */
  readonly goAway: () => Promise<void>;
  /** Listens again, on the same port. */
  readonly comeBack: () => Promise<void>;
  /** Cuts whatever is open, and listens no more. May be called twice. */
  readonly close: () => Promise<void>;
}

/**
 * Starts a scripted model on a free port of 127.0.0.1.
 *
 * @throws ScriptError when the turn file is not one, ZodError when a fault is not one
 */
export async function openModelServer({ script, faults = [] }: ModelServerOptions): Promise<ModelServer> {
  const model = new Model(await loadTurnFile(script));
  for (const fault of faults) model.faults.plan(fault);
  const server = createServer((request, response) => void model.serve(request, response));
  // An agent's idle connection must not end just as it sends its next request.
  server.keepAliveTimeout = 0;
  const port = await listen(server, 0);
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests: model.requests,
    problems: model.problems,
    faults: model.faults,
    nextSlow: () => model.slow.next(),
    goAway: () => stop(server, model.requests),
    async comeBack() {
      await listen(server, port);
    },
    close: () => stop(server, model.requests),
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the model server has no port");
  return address.port;
}

async function stop(server: Server, requests: readonly Recording[]): Promise<void> {
  if (!server.listening) return;
  for (const request of requests) if (request.state === "open") request.state = "cut";
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
