import { GraphQLError } from "graphql";

/** A resolved GraphQL object: values, or functions for fields with arguments. */
export interface Resolved {
  readonly [field: string]: unknown;
}

export interface PageArguments {
  readonly first?: number | null;
  readonly last?: number | null;
  readonly after?: string | null;
  readonly before?: string | null;
}

/** A list in pages, with GitHub's rules: `first` or `last` must be given, and neither may exceed 100. */
export function connection<T>(
  name: string,
  items: readonly T[],
  toNode: (item: T) => Resolved,
): (args: PageArguments) => Resolved {
  return (args) => {
    mustBePaged(name, args);
    const from = args.after == null ? 0 : indexOf(args.after) + 1;
    const to = args.before == null ? items.length : indexOf(args.before);
    const start = args.first == null ? Math.max(from, to - (args.last ?? 0)) : from;
    const end = args.first == null ? to : Math.min(to, from + args.first);
    const nodes = items.slice(start, end).map(toNode);
    return {
      totalCount: items.length,
      nodes,
      edges: nodes.map((node, index) => ({ node, cursor: cursorOf(start + index) })),
      pageInfo: {
        hasNextPage: end < items.length,
        hasPreviousPage: start > 0,
        startCursor: nodes.length === 0 ? null : cursorOf(start),
        endCursor: nodes.length === 0 ? null : cursorOf(end - 1),
      },
    };
  };
}

/** An error as GitHub's GraphQL gives it: with a `type` next to the message. */
export function graphqlRefusal(
  type: "NOT_FOUND" | "FORBIDDEN" | "MISSING_PAGINATION_BOUNDARIES" | "EXCESSIVE_PAGINATION",
  message: string,
): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function mustBePaged(name: string, args: PageArguments): void {
  if (args.first == null && args.last == null) {
    const message = `You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`;
    throw graphqlRefusal("MISSING_PAGINATION_BOUNDARIES", message);
  }
  for (const boundary of ["first", "last"] as const) {
    const count = args[boundary] ?? 0;
    if (count <= 100) continue;
    const message = `Requesting ${count} records on the \`${name}\` connection exceeds the \`${boundary}\` limit of 100 records.`;
    throw graphqlRefusal("EXCESSIVE_PAGINATION", message);
  }
}

function cursorOf(index: number): string {
  return Buffer.from(`cursor:v2:${index}`).toString("base64");
}

function indexOf(cursor: string): number {
  return Number(Buffer.from(cursor, "base64").toString().split(":").at(-1));
}
