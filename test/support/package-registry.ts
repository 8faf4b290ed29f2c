import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Lockfile } from "./package-registry-lockfile.ts";
import { packTarball } from "./package-registry-tarball.ts";

/**
 * Not 127.0.0.1: a sandboxed npm reaches the registry through the sandbox's proxy, and 127.0.0.1 is on the list of
 * addresses that programs inside never send to a proxy.
 */
const ADDRESS = "127.0.0.2";

export interface PackageRegistry {
  readonly url: string;
  /** `address:port`, as an operator writes it into a list of allowed hosts. */
  readonly host: string;
  /** Content of an `.npmrc` that makes npm use this registry and nothing else. */
  readonly npmrc: string;
  readonly close: () => Promise<void>;
}

interface Source {
  /** The `node_modules` directory the packages are taken from. */
  readonly from: string;
  /** Path of a `package-lock.json`: what it does not name is not served. */
  readonly lockfile: string;
}

interface Package {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
}

/**
 * Serves already installed packages to npm on a loopback address, so that `npm ci` works without the internet.
 * Tarballs are packed on first demand and kept until the registry is closed.
 *
 * @throws Error when the lockfile or the directory cannot be read, or the address cannot be listened on
 */
export async function startPackageRegistry(source: Source): Promise<PackageRegistry> {
  const shelf = new Shelf(await packagesOf(source));
  const server = createServer((request, response) => {
    answer(shelf, request, response).catch((error: unknown) => send(response, 500, { error: String(error) }));
  });
  server.listen(0, ADDRESS);
  await once(server, "listening");
  const host = `${ADDRESS}:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}/`,
    host,
    npmrc: `registry=http://${host}/\naudit=false\nfund=false\nupdate-notifier=false\n`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Packages by name, with their archives packed at most once. */
class Shelf {
  readonly #packages: ReadonlyMap<string, readonly Package[]>;
  readonly #archives = new Map<Package, Promise<Buffer>>();

  constructor(packages: readonly Package[]) {
    this.#packages = Map.groupBy(packages, ({ name }) => name);
  }

  versionsOf(name: string): readonly Package[] {
    return this.#packages.get(name) ?? [];
  }

  archive(of: Package): Promise<Buffer> {
    const kept = this.#archives.get(of) ?? packTarball(of.directory);
    this.#archives.set(of, kept);
    return kept;
  }
}

/** Two routes, as npm knows them: `/<name>` describes a package, `/<name>/-/<version>.tgz` is one. */
async function answer(shelf: Shelf, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://registry").pathname).slice(1);
  const [name = "", file] = path.split("/-/");
  const versions = shelf.versionsOf(name);
  if (request.method !== "GET") return send(response, 405, { error: "this registry can only be read" });
  if (file === undefined && versions.length > 0) {
    const base = `http://${request.headers.host}/${name}/-/`;
    return send(response, 200, await describe(shelf, versions, base));
  }
  const wanted = versions.find(({ version }) => `${version}.tgz` === file);
  if (wanted === undefined) return send(response, 404, { error: `not found: ${path}` });
  response.writeHead(200, { "content-type": "application/octet-stream" }).end(await shelf.archive(wanted));
}

async function describe(shelf: Shelf, versions: readonly Package[], base: string): Promise<object> {
  const described = await Promise.all(
    versions.map(async (item) => {
      const manifest: object = JSON.parse(await readFile(join(item.directory, "package.json"), "utf8"));
      const integrity = `sha512-${createHash("sha512")
        .update(await shelf.archive(item))
        .digest("base64")}`;
      return [item.version, { ...manifest, dist: { tarball: `${base}${item.version}.tgz`, integrity } }] as const;
    }),
  );
  const [first] = versions;
  return { name: first?.name, "dist-tags": { latest: first?.version }, versions: Object.fromEntries(described) };
}

/** What the lockfile names and this machine has: packages for other platforms are named but not installed. */
async function packagesOf({ from, lockfile }: Source): Promise<readonly Package[]> {
  const { packages }: Lockfile = JSON.parse(await readFile(lockfile, "utf8"));
  const found: Package[] = [];
  for (const key of Object.keys(packages)) {
    if (!key.startsWith("node_modules/")) continue;
    const directory = join(from, key.slice("node_modules/".length));
    const manifest = await readFile(join(directory, "package.json"), "utf8").catch(() => undefined);
    if (manifest === undefined) continue;
    const { name, version }: Package = JSON.parse(manifest);
    found.push({ name, version, directory });
  }
  return found;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
