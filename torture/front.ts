import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** One address for webhooks before any number of Batons, as a load balancer in front of a fleet. */
export interface Front {
  readonly port: number;
  /** Who takes connections, in turn; one that refuses is passed over. */
  serve(ports: readonly number[]): void;
  close(): Promise<void>;
}

/** Starts a forwarder on loopback. Nobody there, or nobody answering, looks as it does on the Internet: a cut connection. */
export async function startFront(): Promise<Front> {
  let backends: readonly number[] = [];
  let turn = 0;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("error", () => {}).on("close", () => open.delete(client));
    const order = backends.map((_, index) => backends[(turn + index) % backends.length] ?? 0);
    turn += 1;
    forward(client, order);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    serve(ports) {
      backends = ports;
    },
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function forward(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) {
    client.resetAndDestroy();
    return;
  }
  const backend = connect(port, "127.0.0.1");
  let connected = false;
  backend.once("connect", () => {
    connected = true;
    client.pipe(backend).pipe(client);
  });
  backend.on("error", () => (connected ? client.resetAndDestroy() : forward(client, others)));
  backend.on("close", () => connected && client.destroy());
  client.on("close", () => backend.destroy());
}
