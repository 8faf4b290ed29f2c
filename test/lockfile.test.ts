import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const text = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
const packages: Record<string, { optionalDependencies?: Record<string, string> }> = JSON.parse(text).packages;

it("names every platform's packages, or npm ci refuses it (node scripts/complete-lockfile.ts)", () => {
  const named = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !(`node_modules/${name}` in packages))).toEqual([]);
});

it("holds no download addresses", () => {
  expect(text).not.toContain('"resolved"');
});
