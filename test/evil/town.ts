import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { groundHere } from "./stage.ts";

/** Services that an agent must not reach, and one that it may. Whatever arrives is written down. */
export interface Town {
  /** Port of the services that no list names: on every address there is, on the stage; else on loopback. */
  readonly port: number;
  readonly datagramPort: number;
  /** `host:port` of the service that is listed; it sends people on to the others. */
  readonly listed: string;
  /** Whether this text arrived anywhere but at the listed service. */
  readonly heard: (text: string) => boolean;
  readonly heardAtListed: (text: string) => boolean;
}

/** Names that lead to places inside, whatever the list says about the name. */
export const names = {
  inside: "inside.evil.example",
  loopback: "loopback.evil.example",
  metadata: "metadata.evil.example",
  flips: "flips.evil.example",
} as const;

const addressOf: Readonly<Record<string, readonly string[]>> = {
  [names.inside]: ["10.66.0.1"],
  [names.loopback]: ["127.0.0.1"],
  [names.metadata]: ["169.254.169.254"],
  // Looks public to whoever asks first.
  [names.flips]: ["203.0.113.7", "10.66.0.1"],
};

let town: Promise<Town> | undefined;

/** The one town of this process; it goes down with it. */
export function openTown(): Promise<Town> {
  town ??= build();
  return town;
}

async function build(): Promise<Town> {
  const heard: string[] = [];
  const heardAtListed: string[] = [];
  const isStage = groundHere() === "stage";
  const port = await listen(
    isStage ? "::" : "127.0.0.1",
    0,
    write(heard, () => "200 OK"),
  );
  if (!isStage)
    await listen(
      "127.0.0.2",
      port,
      write(heard, () => "200 OK"),
    );
  const listedPort = await listen("127.0.0.2", 0, write(heardAtListed, redirect));
  const datagramPort = await listenForDatagrams(
    isStage ? "0.0.0.0" : "127.0.0.1",
    0,
    (bytes) => void heard.push(bytes.toString("latin1")),
  );
  if (isStage) {
    await listen(
      "169.254.169.254",
      80,
      write(heard, () => "200 OK"),
    );
    await openNameServer(heard);
  }
  const isIn = (list: readonly string[]) => (text: string) => list.some((one) => one.includes(text));
  return {
    port,
    datagramPort,
    listed: `127.0.0.2:${listedPort}`,
    heard: isIn(heard),
    heardAtListed: isIn(heardAtListed),
  };
}

/** `GET /to/<host:port>/<rest>` leads there. */
function redirect(text: string): string {
  const [, to] = /^GET \/to\/(\S+) /.exec(text) ?? [];
  return to === undefined ? "200 OK" : `302 Found\r\nLocation: http://${to}`;
}

function write(into: string[], answer: (text: string) => string) {
  return (socket: Socket) => {
    socket.on("error", () => {});
    socket.setTimeout(5000, () => socket.destroy());
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      into.push(text);
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        socket.write(`HTTP/1.1 ${answer(text)}\r\nContent-Length: 5\r\n\r\nhello`);
        text = text.slice(end + 4);
      }
    });
  };
}

async function listen(host: string, port: number, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer(serve).listen(port, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

type Reply = (answer: Buffer) => void;

async function listenForDatagrams(
  host: string,
  port: number,
  hear: (bytes: Buffer, reply: Reply) => void,
): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, from) => hear(bytes, (answer) => socket.send(answer, from.port, from.address)));
  socket.on("error", () => {});
  socket.bind(port, host);
  await once(socket, "listening");
  return socket.address().port;
}

/** Answers for the names above, each time with the next of their addresses; writes down every name it is asked for. */
async function openNameServer(heard: string[]): Promise<void> {
  const asked = new Map<string, number>();
  await listenForDatagrams("127.0.0.53", 53, (query, reply) => {
    const { name, end } = nameIn(query);
    heard.push(name);
    const addresses = query.readUInt16BE(end) === 1 ? (addressOf[name.toLowerCase()] ?? []) : [];
    const turn = asked.get(name) ?? 0;
    if (addresses.length > 0) asked.set(name, turn + 1);
    reply(answerTo(query, end, addresses[turn % addresses.length]));
  });
}

function nameIn(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString("latin1"));
    at += length + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}

/** No time to live: whoever asks again, asks us. */
function answerTo(query: Buffer, end: number, address: string | undefined): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(address === undefined ? 0 : 1, 6);
  header.writeUInt32BE(0, 8);
  const question = query.subarray(12, end + 4);
  if (address === undefined) return Buffer.concat([header, question]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split(".").map(Number)]);
  return Buffer.concat([header, question, record]);
}
