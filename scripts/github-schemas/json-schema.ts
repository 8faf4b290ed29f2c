/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  [key: string]: Json | undefined;
}

const KEPT = [
  "type",
  "enum",
  "const",
  "format",
  "pattern",
  "required",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
];
const SUB_SCHEMAS = ["items", "additionalProperties", "not"];
const SUB_LISTS = ["allOf", "anyOf", "oneOf"];
const SUB_MAPS = ["properties", "patternProperties"];

/**
 * Turns an OpenAPI 3.0 schema into a plain JSON schema: `nullable` becomes a null alternative, `oneOf` becomes `anyOf`
 * (GitHub's alternatives overlap), descriptions and examples go, references point to `#/definitions/…`.
 */
export function toJsonSchema(schema: JsonObject): JsonObject {
  const result = withoutNull(schema);
  if (schema.nullable !== true) return result;
  if (typeof result.type === "string" && result.anyOf === undefined) {
    const values = result.enum as readonly Json[] | undefined;
    return {
      ...result,
      type: [result.type, "null"],
      ...(values && !values.includes(null) ? { enum: [...values, null] } : {}),
    };
  }
  return { anyOf: [result, { type: "null" }] };
}

function withoutNull(schema: JsonObject): JsonObject {
  if (typeof schema.$ref === "string") return { $ref: `#/definitions/${schema.$ref.split("/").at(-1)}` };
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    const name = key === "oneOf" ? "anyOf" : key;
    if (KEPT.includes(key)) result[key] = value;
    else if (SUB_LISTS.includes(key)) result[name] = (value as JsonObject[]).map(toJsonSchema);
    else if (SUB_MAPS.includes(key)) result[key] = mapValues(value as Record<string, JsonObject>, toJsonSchema);
    else if (SUB_SCHEMAS.includes(key)) result[key] = isObject(value) ? toJsonSchema(value) : value;
  }
  return result;
}

/** Every component schema that `roots` refers to, directly or not, as JSON schemas by name. */
export function collectDefinitions(document: JsonObject, roots: Json): Record<string, JsonObject> {
  const components = (document.components as JsonObject).schemas as Record<string, JsonObject>;
  const found: Record<string, JsonObject> = {};
  const waiting = [roots];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    for (const name of references(value)) {
      const component = components[name];
      if (component === undefined) throw new Error(`no component schema ${name}`);
      if (found[name] !== undefined) continue;
      found[name] = toJsonSchema(component);
      waiting.push(found[name]);
    }
  }
  return found;
}

/** Names of the definitions a value refers to. */
function references(value: Json): string[] {
  const matches = JSON.stringify(value).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g);
  return [...matches].map((match) => match[1] as string);
}

/**
 * Moves sub-schemas that occur more than once into definitions of their own, in place. GitHub's webhook schemas repeat
 * the same user and repository dozens of times: this makes them about a fifth as large.
 */
export function shareRepeated(definitions: Record<string, JsonObject>): Record<string, JsonObject> {
  const seen = new Map<string, number>();
  const count = (schema: JsonObject): void => {
    const text = JSON.stringify(schema);
    if (text.length >= 200) seen.set(text, (seen.get(text) ?? 0) + 1);
    if (seen.get(text) === 1 || text.length < 200) eachChild(schema, count);
  };
  Object.values(definitions).forEach(count);
  const names = new Map<string, string>();
  const shared: Record<string, JsonObject> = {};
  const replace = (schema: JsonObject): JsonObject => {
    const text = JSON.stringify(schema);
    if ((seen.get(text) ?? 0) < 2) return mapChildren(schema, replace);
    let name = names.get(text);
    if (name === undefined) {
      name = `shared-${names.size + 1}`;
      names.set(text, name);
      shared[name] = mapChildren(schema, replace);
    }
    return { $ref: `#/definitions/${name}` };
  };
  const rewritten = mapValues(definitions, (schema) => mapChildren(schema, replace));
  return { ...rewritten, ...shared };
}

function eachChild(schema: JsonObject, visit: (child: JsonObject) => void): void {
  mapChildren(schema, (child) => {
    visit(child);
    return child;
  });
}

function mapChildren(schema: JsonObject, change: (child: JsonObject) => JsonObject): JsonObject {
  const result: JsonObject = { ...schema };
  for (const key of SUB_LISTS) if (schema[key] !== undefined) result[key] = (schema[key] as JsonObject[]).map(change);
  for (const key of SUB_MAPS)
    if (schema[key] !== undefined) result[key] = mapValues(schema[key] as Record<string, JsonObject>, change);
  for (const key of SUB_SCHEMAS) if (isObject(schema[key])) result[key] = change(schema[key]);
  return result;
}

function mapValues<T>(record: Record<string, T>, change: (value: T) => JsonObject): Record<string, JsonObject> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
