import { readFileSync, writeFileSync } from "node:fs";

/**
 * npm writes no lock entry for an optional platform package that the registry at hand does not have, and then refuses
 * its own lockfile in `npm ci`. This adds the missing entries: name, version and platform are all npm needs to pass them by.
 * To be run after every change of dependencies; `test/lockfile.test.ts` notices when it was forgotten.
 */

const path = new URL("../package-lock.json", import.meta.url);

interface Entry {
  version?: string;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
}

const lock: { packages: Record<string, Entry> } = JSON.parse(readFileSync(path, "utf8"));
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`node_modules/${name}` in lock.packages) continue;
    const [os, cpu] = platformOf(name);
    const missing = { version, cpu: [cpu], ...(entry.dev ? { dev: true } : {}), optional: true, os: [os] };
    lock.packages[`node_modules/${name}`] = missing;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);

/** Platform packages carry their platform in their name. @throws Error for one that does not */
function platformOf(name: string): readonly [os: string, cpu: string] {
  const match = /(?<os>android|darwin|linux|win32|freebsd)-(?<cpu>arm64|x64)/.exec(name);
  if (!match?.groups?.os || !match.groups.cpu)
    throw new Error(`${name} is missing from the lockfile and names no platform`);
  return [match.groups.os, match.groups.cpu];
}
