import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** The import rules of CONTEXT.md ("Who may import whom"), held by a test so that they stay true. */

const root = resolve(import.meta.dirname, "..");
const files = listFiles(join(root, "src"));
const imports = files.flatMap((file) => importsOf(file));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: "own" | "node" | "package";
}

describe("who may import whom", () => {
  it("reads a plausible number of files and imports", () => {
    expect(files.length).toBeGreaterThan(60);
    expect(imports.length).toBeGreaterThan(150);
  });

  it("the domain imports nothing outside itself", () => {
    expect(
      breaking((one) => within(one.from, "src/orchestrator/domain") && !within(one.to, "src/orchestrator/domain")),
    ).toEqual([]);
  });

  it.each(["agent-runner", "git", "github", "orchestrator"])("%s imports no sibling but src/text", (folder) => {
    const home = `src/${folder}`;
    expect(
      breaking(
        (one) => within(one.from, home) && one.kind === "own" && !within(one.to, home) && !within(one.to, "src/text"),
      ),
    ).toEqual([]);
  });

  it("src/text is a leaf", () => {
    expect(
      breaking((one) => within(one.from, "src/text") && one.kind === "own" && !within(one.to, "src/text")),
    ).toEqual([]);
  });

  it.each(["handlers", "review-watch"])("%s knows the domain's types and nothing else of ours", (folder) => {
    const home = `src/${folder}`;
    const allowed = [home, "src/text", "src/orchestrator/domain"];
    expect(
      breaking(
        (one) => within(one.from, home) && one.kind === "own" && !allowed.some((place) => within(one.to, place)),
      ),
    ).toEqual([]);
  });

  it("production code never imports tests", () => {
    expect(breaking((one) => one.kind === "own" && !within(one.to, "src"))).toEqual([]);
  });

  it("there are no import cycles", () => {
    expect(cycles(imports.filter((one) => one.kind === "own"))).toEqual([]);
  });
});

describe("a library has one home", () => {
  const homes: readonly (readonly [string, readonly string[]])[] = [
    ["simple-git", ["src/git"]],
    ["execa", ["src/agent-runner/process.ts"]],
    ["@anthropic-ai/sandbox-runtime", ["src/agent-runner/sandbox"]],
    ["pg-boss", ["src/orchestrator/store/queue.ts"]],
    ["kysely", ["src/orchestrator/store"]],
    ["pg", ["src/orchestrator/store"]],
    ["probot", ["src/handlers", "src/listen.ts"]],
    ["@octokit/", ["src/github", "src/handlers"]],
    ["node:child_process", ["src/git", "src/agent-runner/process.ts", "src/orchestrator/store/embedded"]],
  ];
  it.each(homes)("%s", (library, places) => {
    const strays = breaking(
      (one) =>
        (one.to === library || one.to.startsWith(library.endsWith("/") ? library : `${library}/`)) &&
        !places.some((place) => one.from.startsWith(place)),
    );
    expect(strays).toEqual([]);
  });
});

describe("words in the code", () => {
  it("process.env is read in config.ts only", () => {
    expect(containing(/process\.env\b/, (file) => file !== "src/config.ts")).toEqual([]);
  });

  it("no test-only switch hides in production code", () => {
    expect(containing(/NODE_ENV|VITEST|isTest\b/, () => true)).toEqual([]);
  });

  it("no comment tells the type checker to look away", () => {
    expect(containing(/@ts-(ignore|expect-error|nocheck)/, () => true)).toEqual([]);
  });
});

function breaking(rule: (one: Import) => boolean): readonly string[] {
  return imports.filter(rule).map((one) => `${one.from} → ${one.to}`);
}

function containing(pattern: RegExp, where: (file: string) => boolean): readonly string[] {
  return files.filter((file) => where(file) && pattern.test(readFileSync(join(root, file), "utf8")));
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return listFiles(path);
    return name.endsWith(".ts") ? [relative(root, path)] : [];
  });
}

/** Static and dynamic imports with a literal specifier; the formatter keeps them in this form. */
function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [
    ...text.matchAll(
      /(?:^|\n)(?:import|export)\s[^;]*?from\s+"(?<spec>[^"]+)"|import\(\s*"(?<dynamic>[^"]+)"|(?:^|\n)import\s+"(?<bare>[^"]+)"/g,
    ),
  ];
  return found.map((match) => {
    const spec = match.groups?.spec ?? match.groups?.dynamic ?? match.groups?.bare ?? "";
    if (spec.startsWith("."))
      return { from: file, to: relative(root, resolve(root, dirname(file), spec)), kind: "own" };
    return { from: file, to: spec, kind: spec.startsWith("node:") ? "node" : "package" };
  });
}

function cycles(edges: readonly Import[]): readonly string[] {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      found.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    if (done.has(file)) return;
    for (const edge of next.get(file) ?? []) visit(edge.to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}
