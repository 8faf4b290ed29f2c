/** Who somebody is, in every kind of account that GraphQL has. */
export const actorFragment = `
fragment actor on Actor {
  __typename
  login
  ... on User { databaseId }
  ... on Bot { databaseId }
  ... on Organization { databaseId }
  ... on Mannequin { databaseId }
}
`;

/** For lists that are read from their beginning. */
export const pageFields = "pageInfo { hasNextPage endCursor }";

/** For lists that are read from their end, so that what is too much to read is what is oldest. */
export const backPageFields = "pageInfo { hasPreviousPage startCursor }";
