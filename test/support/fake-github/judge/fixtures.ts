import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type AnySchemaObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

const DIRECTORY = join(import.meta.dirname, "../../../fixtures/github");

export interface Operation {
  readonly query: Readonly<Record<string, AnySchemaObject>>;
  readonly body: AnySchemaObject | null;
  readonly responses: Readonly<Record<string, AnySchemaObject | null>>;
}

export interface RestFixture {
  readonly operations: Readonly<Record<string, Operation>>;
  /** Every route GitHub has: `GET /repos/{owner}/{repo}`. */
  readonly routes: readonly string[];
  readonly definitions: Readonly<Record<string, AnySchemaObject>>;
}

export interface WebhookFixture {
  readonly webhooks: Readonly<Record<string, AnySchemaObject>>;
  readonly definitions: Readonly<Record<string, AnySchemaObject>>;
}

/** Reads and parses once per process. */
export const restFixture = once(() => readJson<RestFixture>("rest.json"));
export const webhookFixture = once(() => readJson<WebhookFixture>("webhooks.json"));
/** GitHub's GraphQL schema as text. */
export const graphqlFixture = once(() => readFileSync(join(DIRECTORY, "schema.graphql"), "utf8"));

/** Compiles schemas of one family when they are first asked for: most tests need a few of hundreds. */
export class Validators {
  readonly #ajv: Ajv;
  readonly #compiled = new Map<AnySchemaObject, ValidateFunction>();

  constructor(
    definitions: Readonly<Record<string, AnySchemaObject>>,
    options: { readonly coerceTypes: "array" | false },
  ) {
    this.#ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false, ...options, inlineRefs: false });
    addFormats.default(this.#ajv);
    this.#ajv.addFormat("repo.nwo", /^[\w.-]+\/[\w.-]+$/);
    this.#ajv.addFormat("timestamp", true);
    // GitHub repeats whatever address a commit carries, and its own bots' have brackets.
    this.#ajv.addFormat("email", true);
    this.#ajv.addSchema({ $id: "github", definitions });
  }

  /** What is wrong with a value: `path: problem`, nothing when it is fine. */
  check(schema: AnySchemaObject, value: unknown): string[] {
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(
        JSON.parse(JSON.stringify(schema).replaceAll('"#/definitions/', '"github#/definitions/')),
      );
      this.#compiled.set(schema, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => {
      const detail = error.params.additionalProperty ?? error.params.allowedValues ?? "";
      return `${error.instancePath === "" ? "/" : error.instancePath}: ${error.message} ${detail}`.trim();
    });
  }
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(DIRECTORY, name), "utf8")) as T;
}

/** Remembers what a function gave the first time. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
