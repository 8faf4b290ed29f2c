import { mutationDocuments, queryDocuments } from "./queries.ts";

/**
 * Every call this app is able to make. There is deliberately no route that approves, merges, deletes, or touches
 * workflows, members, secrets or settings: what is not listed cannot happen, whatever a bug or a hostile text asks for.
 */
export const allowedRoutes: readonly string[] = [
  "GET /app",
  "GET /app/installations",
  "GET /app/hook/deliveries",
  "POST /app/hook/deliveries/{delivery_id}/attempts",
  "POST /app/installations/{installation_id}/access_tokens",
  "GET /users/{username}",
  "GET /installation/repositories",
  "GET /repos/{owner}/{repo}",
  "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
  "GET /repos/{owner}/{repo}/contents/{path}",
  "GET /repos/{owner}/{repo}/issues",
  "GET /repos/{owner}/{repo}/issues/comments",
  "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
  "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
  "POST /repos/{owner}/{repo}/issues/{issue_number}/reactions",
  "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
  "GET /repos/{owner}/{repo}/pulls",
  "POST /repos/{owner}/{repo}/pulls",
  "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
  "POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies",
  "POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions",
  "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
  "POST /repos/{owner}/{repo}/check-runs",
  "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
  "POST /graphql",
];

/** A call outside the allow-list: always a mistake in our own code, so it is not a {@link GitHubFailure}. */
export class RouteRefused extends Error {
  override readonly name = "RouteRefused";
  readonly code = "route_refused";
}

interface OutgoingRequest {
  readonly method: string;
  /** The route template, before parameters are filled in. */
  readonly template: string;
  /** The URL that will be requested. */
  readonly url: string;
  /** Where the API lives, without a slash at the end. */
  readonly base: string;
  /** Text of the GraphQL document, if any. */
  readonly query: unknown;
}

/**
 * Throws {@link RouteRefused} unless the request is on the allow-list *and* its finished URL still has the shape of that
 * route: a repository called `..` must not lead anywhere else. GraphQL is allowed for our own documents only.
 */
export function assertAllowed(request: OutgoingRequest): void {
  const route = `${request.method} ${request.template}`;
  if (!allowedRoutes.includes(route)) throw new RouteRefused(`${route} is not a route this app may call`);
  const { origin, pathname } = new URL(request.url);
  const shape = request.template.split("/").map((part) => (part.startsWith("{") ? "[^/]+" : escaped(part)));
  if (!new RegExp(`^${escaped(request.base)}${shape.join("/")}$`).test(origin + pathname)) {
    throw new RouteRefused(`${route} would go somewhere else with these parameters`);
  }
  const documents = [...queryDocuments, ...mutationDocuments];
  if (request.template === "/graphql" && !documents.includes(String(request.query))) {
    throw new RouteRefused("this app sends only its own GraphQL documents");
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
