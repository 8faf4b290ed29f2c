import { buildASTSchema, type GraphQLSchema, parse } from "graphql";
import { graphqlFixture, once } from "../judge/fixtures.ts";

/** GitHub's real schema. Building it takes a tenth of a second, so it is done when the first query comes. */
export const githubSchema: () => GraphQLSchema = once(() => {
  return buildASTSchema(parse(graphqlFixture(), { noLocation: true }), { assumeValid: true, assumeValidSDL: true });
});
