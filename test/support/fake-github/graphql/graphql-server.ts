import { execute, GraphQLError, type GraphQLFieldResolver, parse, validate } from "graphql";
import type { Reply } from "../rest/route.ts";
import type { Caller } from "../server/auth.ts";
import type { Json, JsonObject } from "../world/model.ts";
import { Refusal } from "../world/refusal.ts";
import type { World } from "../world/world.ts";
import type { Resolved } from "./connection.ts";
import { rootFor } from "./roots.ts";
import { githubSchema } from "./schema.ts";

/** Answers a GraphQL request by GitHub's real schema. What the schema refuses is a problem of ours. */
export async function answerGraphql(world: World, caller: Caller, body: JsonObject): Promise<Reply> {
  if (caller.kind === "nobody" || caller.kind === "app") {
    const message =
      caller.kind === "app"
        ? "A JSON web token could not be decoded"
        : "This endpoint requires you to be authenticated.";
    return { status: 401, body: new Refusal(401, message).toJson() };
  }
  const text = typeof body.query === "string" ? body.query : "";
  try {
    const document = parse(text);
    const errors = validate(githubSchema(), document);
    if (errors.length > 0) return refuse(world, errors);
    const result = await execute({
      schema: githubSchema(),
      document,
      rootValue: rootFor(world, caller),
      variableValues: (body.variables ?? {}) as Record<string, unknown>,
      operationName: typeof body.operationName === "string" ? body.operationName : undefined,
      fieldResolver: resolveField,
    });
    for (const error of result.errors ?? []) {
      if (error.extensions.type === undefined) world.problems.push(`GraphQL: ${error.message}`);
    }
    const shown = (result.errors ?? []).map(errorJson);
    return {
      status: 200,
      body: { ...(shown.length > 0 ? { errors: shown } : {}), data: (result.data ?? null) as Json },
    };
  } catch (error) {
    if (error instanceof GraphQLError) return refuse(world, [error]);
    throw error;
  }
}

/** A field that the stand-in has nothing for must not quietly be null. */
const resolveField: GraphQLFieldResolver<Resolved, unknown> = (source, args, context, info) => {
  const value = source[info.fieldName];
  if (value === undefined) throw new Error(`the stand-in lacks ${info.parentType.name}.${info.fieldName}`);
  return typeof value === "function" ? (value as (args: unknown, context: unknown) => unknown)(args, context) : value;
};

function refuse(world: World, errors: readonly GraphQLError[]): Reply {
  for (const error of errors) world.problems.push(`GitHub's GraphQL schema refuses the query: ${error.message}`);
  return { status: 200, body: { errors: errors.map(errorJson) } };
}

function errorJson(error: GraphQLError): JsonObject {
  return {
    ...(typeof error.extensions.type === "string" ? { type: error.extensions.type } : {}),
    ...(error.path === undefined ? {} : { path: error.path }),
    locations: (error.locations ?? []).map(({ line, column }) => ({ line, column })),
    message: error.message,
  };
}
