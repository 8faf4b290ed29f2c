import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

/** Answers at once, always: what it takes to reach it is what this machine takes. */
const server = createServer((_request, response) => response.end("ok"));
server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
