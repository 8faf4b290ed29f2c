import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The part of a `package-lock.json` (version 3) that matters here. */
export interface Lockfile {
  readonly name?: string;
  readonly version?: string;
  readonly lockfileVersion: number;
  readonly requires?: boolean;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly optional?: boolean;
  readonly dependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly [other: string]: unknown;
}

/** The part of a `package.json` that decides what is installed. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly devDependencies: Names;
}

type Names = Readonly<Record<string, string>>;

/**
 * Cuts the lockfile of a small repository out of Baton's own: the packages its `devDependencies` reach, at the same
 * versions and for all platforms. Addresses and checksums are dropped, for the packages will come out of an installed
 * tree (package-registry.ts) and not from where they were first published.
 *
 * @throws Error when the manifest wants a package or a version that Baton does not have
 */
export function sampleLockfile(manifest: Manifest, own: Lockfile): Lockfile {
  const reached = new Set<string>();
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    const has = own.packages[`node_modules/${name}`]?.version;
    if (has !== version) throw new Error(`the sample wants ${name} ${version}, Baton has ${has ?? "none"}`);
    reach(own, `node_modules/${name}`, reached);
  }
  const { name, version, devDependencies } = manifest;
  return {
    name,
    version,
    lockfileVersion: own.lockfileVersion,
    requires: true,
    packages: Object.fromEntries([
      ["", { name, version, devDependencies }],
      ...[...reached].sort().map((key) => [key, asDevelopmentPackage(own.packages[key] ?? {})]),
    ]),
  };
}

function reach(lockfile: Lockfile, key: string, reached: Set<string>): void {
  if (reached.has(key)) return;
  reached.add(key);
  const entry = lockfile.packages[key] ?? {};
  const wanted = { ...entry.dependencies, ...entry.optionalDependencies, ...requiredPeers(entry) };
  for (const name of Object.keys(wanted)) {
    const found = resolveFrom(lockfile, key, name);
    if (found !== undefined) reach(lockfile, found, reached);
  }
}

function requiredPeers({ peerDependencies = {}, peerDependenciesMeta = {} }: LockedPackage): Names {
  return Object.fromEntries(Object.entries(peerDependencies).filter(([name]) => !peerDependenciesMeta[name]?.optional));
}

/** Node's own look-up: beside the package's files first, then one `node_modules` further out each time. */
function resolveFrom(lockfile: Lockfile, key: string, name: string): string | undefined {
  for (let base = key; ; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    const candidate = base === "" ? `node_modules/${name}` : `${base}/node_modules/${name}`;
    if (lockfile.packages[candidate] !== undefined) return candidate;
    if (base === "") return undefined;
  }
}

function asDevelopmentPackage(entry: LockedPackage): LockedPackage {
  const { resolved: _resolved, integrity: _integrity, devOptional: _devOptional, version, ...rest } = entry;
  return { ...(version === undefined ? {} : { version }), ...rest, dev: true };
}

/** Writes the sample's lockfile again, after Baton's own dependencies have moved. */
async function rewriteSample(): Promise<void> {
  const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
  const sample = join(root, "test/fixtures/sample/repository");
  const manifest: Manifest = JSON.parse(await readFile(join(sample, "package.json"), "utf8"));
  const own: Lockfile = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  await writeFile(join(sample, "package-lock.json"), `${JSON.stringify(sampleLockfile(manifest, own), null, 2)}\n`);
}

if (import.meta.main) await rewriteSample();
