/**
 * Writes the part of GitHub's published schemas that our stand-in for GitHub is judged by into `test/fixtures/github/`.
 *
 * The packages are far too large to depend on (385 MB), so they are installed by hand, elsewhere:
 *
 *     cd "$(mktemp -d)" && npm install --ignore-scripts @octokit/openapi@23.0.2 \
 *       @octokit/openapi-webhooks@12.1.0 @octokit/graphql-schema@15.26.1
 *     node scripts/make-github-fixtures.ts <that directory>
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stripIgnoredCharacters } from "graphql";
import {
  collectDefinitions,
  type Json,
  type JsonObject,
  shareRepeated,
  toJsonSchema,
} from "./github-schemas/json-schema.ts";
import { CORRECTIONS, OPERATIONS, WEBHOOKS } from "./github-schemas/wanted.ts";

const target = join(import.meta.dirname, "../test/fixtures/github");
const source = process.argv[2];
if (source === undefined) {
  console.error("Say where the @octokit packages are installed: node scripts/make-github-fixtures.ts <directory>");
  process.exit(2);
}
const packages = join(source, "node_modules/@octokit");

await mkdir(target, { recursive: true });
await writeJson("rest.json", restFixture(await readJson("openapi/generated/api.github.com.json")));
await writeJson("webhooks.json", webhookFixture(await readJson("openapi-webhooks/generated/api.github.com.json")));
await writeFile(join(target, "schema.graphql"), await graphqlFixture());
await writeFile(join(target, "README.md"), await readme());

function restFixture(document: JsonObject): Json {
  const paths = document.paths as Record<string, JsonObject>;
  const operations: Record<string, JsonObject> = {};
  for (const wanted of OPERATIONS) {
    const [method = "", path = ""] = wanted.split(" ");
    const operation = paths[path]?.[method.toLowerCase()];
    if (operation === undefined) throw new Error(`GitHub has no operation ${wanted}`);
    const fixture = restOperation(document, operation as JsonObject);
    const wrong = CORRECTIONS[wanted];
    const right = wrong && toJsonSchema({ type: "array", items: { $ref: `#/components/schemas/${wrong.listOf}` } });
    operations[wanted] = wrong
      ? { ...fixture, responses: { ...(fixture.responses as JsonObject), [wrong.status]: right } }
      : fixture;
  }
  const routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((key) => ["get", "put", "post", "patch", "delete"].includes(key))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  return { operations, routes, definitions: shareRepeated(collectDefinitions(document, operations)) };
}

function restOperation(document: JsonObject, operation: JsonObject): JsonObject {
  const query: JsonObject = {};
  for (const entry of (operation.parameters ?? []) as JsonObject[]) {
    const parameter = resolve(document, entry);
    if (parameter.in === "query") query[parameter.name as string] = toJsonSchema(parameter.schema as JsonObject);
  }
  const responses: JsonObject = {};
  for (const [status, entry] of Object.entries(operation.responses as Record<string, JsonObject>)) {
    responses[status] = schemaOf(resolve(document, entry));
  }
  const body =
    operation.requestBody === undefined ? null : schemaOf(resolve(document, operation.requestBody as JsonObject));
  return { query, body, responses };
}

function webhookFixture(document: JsonObject): Json {
  const known = document.webhooks as Record<string, JsonObject>;
  const webhooks: Record<string, JsonObject> = {};
  for (const wanted of WEBHOOKS) {
    const entry = known[wanted]?.post as JsonObject | undefined;
    if (entry === undefined) throw new Error(`GitHub has no webhook ${wanted}`);
    webhooks[wanted] = schemaOf(entry.requestBody as JsonObject) as JsonObject;
  }
  return { webhooks, definitions: shareRepeated(collectDefinitions(document, webhooks)) };
}

/** The JSON schema of a body, or null where there is none or it is not JSON. */
function schemaOf(body: JsonObject): Json {
  const content = body.content as Record<string, JsonObject> | undefined;
  const schema = content?.["application/json"]?.schema;
  return schema === undefined ? null : toJsonSchema(schema as JsonObject);
}

function resolve(document: JsonObject, entry: JsonObject): JsonObject {
  if (typeof entry.$ref !== "string") return entry;
  const parts = entry.$ref.split("/").slice(1);
  return parts.reduce<Json>((value, part) => (value as JsonObject)[part] as Json, document) as JsonObject;
}

/** The whole schema: any smaller cut would refuse queries that GitHub accepts. Only its descriptions are left out. */
async function graphqlFixture(): Promise<string> {
  const sdl = await readFile(join(packages, "graphql-schema/schema.graphql"), "utf8");
  const ranges: { start: number; end: number }[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, child] of Object.entries(value)) {
      if (key === "loc") continue;
      const loc = (child as { loc?: { start: number; end: number } } | null | undefined)?.loc;
      if (key === "description" && loc !== undefined) ranges.push(loc);
      else visit(child);
    }
  };
  visit(parse(sdl));
  let rest = "";
  let from = 0;
  for (const { start, end } of ranges.sort((a, b) => a.start - b.start)) {
    rest += sdl.slice(from, start);
    from = end;
  }
  return stripIgnoredCharacters(rest + sdl.slice(from));
}

async function readme(): Promise<string> {
  const versions = await Promise.all(
    ["openapi", "openapi-webhooks", "graphql-schema"].map(async (name) => {
      const { version } = JSON.parse(await readFile(join(packages, name, "package.json"), "utf8")) as {
        version: string;
      };
      return `- \`@octokit/${name}\` ${version}`;
    }),
  );
  const licence = await readFile(join(packages, "openapi/LICENSE"), "utf8");
  return `# GitHub's schemas, in part

Made by \`scripts/make-github-fixtures.ts\`; do not edit. The stand-in for GitHub (\`test/support/fake-github\`) is judged by
these files. Cut from:

${versions.join("\n")}

Those packages are published under this licence:

${licence}`;
}

async function readJson(path: string): Promise<JsonObject> {
  return JSON.parse(await readFile(join(packages, path), "utf8")) as JsonObject;
}

async function writeJson(name: string, value: Json): Promise<void> {
  await writeFile(join(target, name), `${JSON.stringify(value)}\n`);
}
