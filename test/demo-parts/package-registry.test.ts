import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PackageRegistry, startPackageRegistry } from "../support/package-registry.ts";
import { type Lockfile, type Manifest, sampleLockfile } from "../support/package-registry-lockfile.ts";
import { packTarball } from "../support/package-registry-tarball.ts";

const root = resolve(import.meta.dirname, "../..");
const sample = join(root, "test/fixtures/sample/repository");
const lockfile = join(sample, "package-lock.json");

const json = async (path: string) => JSON.parse(await readFile(path, "utf8"));

/** What npm reads of a package's description. */
interface Described {
  readonly versions: Readonly<
    Record<string, { readonly dist: { readonly tarball: string; readonly integrity: string } }>
  >;
}

describe("the package registry", () => {
  let registry: PackageRegistry;

  beforeAll(async () => {
    registry = await startPackageRegistry({ from: join(root, "node_modules"), lockfile });
  });

  afterAll(() => registry.close());

  it("listens where a sandboxed npm goes through its proxy, and says so in an .npmrc", () => {
    expect(registry.host).toMatch(/^127\.0\.0\.2:\d+$/);
    expect(registry.url).toBe(`http://${registry.host}/`);
    expect(registry.npmrc).toContain(`registry=${registry.url}\n`);
  });

  it("describes a package as it is installed, scoped names in npm's spelling included", async () => {
    const described = (await (await fetch(`${registry.url}@vitest%2fspy`)).json()) as Described;
    const installed = await json(join(root, "node_modules/@vitest/spy/package.json"));
    expect(described).toMatchObject({ name: "@vitest/spy", "dist-tags": { latest: installed.version } });
    expect(Object.keys(described.versions)).toEqual([installed.version]);
    expect(described.versions[installed.version]?.dist.tarball).toMatch(registry.url);
  });

  it("does not serve what the lockfile does not name, installed or not", async () => {
    const statuses = ["probot", "left-pad", "husky/-/0.0.1.tgz", "..%2f..%2fpackage.json"].map(
      async (path) => (await fetch(`${registry.url}${path}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([404, 404, 404, 404]);
  });

  it("can only be read", async () => {
    expect((await fetch(`${registry.url}husky`, { method: "PUT", body: "{}" })).status).toBe(405);
  });
});

describe("a tarball", () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "baton-tarball-"));
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("unpacks with the system's tar into the same files, long names and programs included", async () => {
    const source = join(directory, "source");
    const long = `${"deep/".repeat(20)}${"name".repeat(20)}.txt`;
    await mkdir(join(source, "deep/".repeat(20)), { recursive: true });
    await mkdir(join(source, "node_modules/other"), { recursive: true });
    await writeFile(join(source, long), "far down");
    await writeFile(join(source, "block.bin"), Buffer.alloc(512, 7));
    await writeFile(join(source, "run"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
    await writeFile(join(source, "node_modules/other/index.js"), "");
    await symlink("/etc/passwd", join(source, "link"));

    await execa("tar", ["-xz", "-C", directory], { input: await packTarball(source) });

    expect(await readFile(join(directory, "package", long), "utf8")).toBe("far down");
    expect(await readFile(join(directory, "package/block.bin"))).toEqual(Buffer.alloc(512, 7));
    expect((await execa(join(directory, "package/run"))).stdout).toBe("ran");
    const { stdout } = await execa("find", [join(directory, "package"), "-type", "f", "-o", "-type", "l"]);
    expect(stdout.split("\n")).toHaveLength(3);
  });

  it("is the same bytes every time", async () => {
    const husky = join(root, "node_modules/husky");
    expect(await packTarball(husky)).toEqual(await packTarball(husky));
  });
});

describe("the sample's lockfile", () => {
  let manifest: Manifest;
  let own: Lockfile;

  beforeAll(async () => {
    manifest = await json(join(sample, "package.json"));
    own = await json(join(root, "package-lock.json"));
  });

  it("is in step with Baton's own (if not: node test/support/package-registry-lockfile.ts)", async () => {
    expect(await json(lockfile)).toEqual(sampleLockfile(manifest, own));
  });

  it("names no address and no checksum, for the packages do not come from where they were published", async () => {
    expect(await readFile(lockfile, "utf8")).not.toMatch(/"(resolved|integrity)"/);
  });

  it("has what is needed on other platforms too", () => {
    const names = Object.keys(sampleLockfile(manifest, own).packages);
    expect(names).toContain("node_modules/@typescript/typescript-linux-arm64");
    expect(names).toContain("node_modules/@typescript/typescript-linux-x64");
  });

  it("refuses a version that Baton does not have", () => {
    const wants = { ...manifest, devDependencies: { ...manifest.devDependencies, husky: "8.0.0" } };
    expect(() => sampleLockfile(wants, own)).toThrow(/wants husky 8\.0\.0, Baton has 9/);
  });

  it("follows nested packages the way Node looks them up", () => {
    const nested: Lockfile = {
      lockfileVersion: 3,
      packages: {
        "": {},
        "node_modules/a": { version: "1.0.0", dependencies: { b: "2", c: "1" } },
        "node_modules/a/node_modules/b": { version: "2.0.0", dependencies: { d: "1" } },
        "node_modules/b": { version: "1.0.0" },
        "node_modules/c": {
          version: "1.0.0",
          peerDependencies: { e: "*" },
          peerDependenciesMeta: { e: { optional: true } },
        },
        "node_modules/d": { version: "1.0.0" },
        "node_modules/e": { version: "1.0.0" },
      },
    };
    const cut = sampleLockfile({ name: "x", version: "1.0.0", devDependencies: { a: "1.0.0" } }, nested);
    expect(Object.keys(cut.packages)).toEqual([
      "",
      "node_modules/a",
      "node_modules/a/node_modules/b",
      "node_modules/c",
      "node_modules/d",
    ]);
  });
});
