import type { Octokit } from "@octokit/rest";
import { z } from "zod";
import { type Answer, failureFrom, failureOfAnswer, failureOfGraphql, failureOfShape } from "./errors.ts";
import { RouteRefused } from "./routes.ts";
import type { Clock, Log } from "./types.ts";

/** One call: what to send, and what the answer must contain to be of use. */
export interface Call<T> {
  /** Short name for logs and messages, such as `create comment`. */
  readonly name: string;
  readonly schema: z.ZodType<T>;
  readonly send: (octokit: Octokit) => Promise<Answer>;
}

export interface RequestContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Tokens in use, kept out of every message. */
  readonly secrets: readonly string[];
}

/** A checked answer and whether GitHub says that a further page follows. */
export interface Received<T> {
  readonly value: T;
  readonly next: URL | undefined;
}

/** For answers whose body does not matter. */
export const anything = z.unknown();

/** GraphQL reports its failures with HTTP 200. No REST answer of status 2xx has such a field. */
const graphqlErrors = z.object({
  errors: z.array(z.object({ type: z.string().optional(), message: z.string() })).min(1),
});

/**
 * Exactly one HTTP request, never repeated here. Resolves to the checked answer.
 *
 * @throws GitHubFailure for every answer that is not usable, and for none at all.
 */
export async function perform<T>(octokit: Octokit, call: Call<T>, context: RequestContext): Promise<Received<T>> {
  const { clock, log } = context;
  const started = clock.now();
  const facts = () => ({ route: call.name, now: clock.now(), secrets: context.secrets });
  try {
    const answer = await call.send(octokit);
    if (answer.status >= 300) throw failureOfAnswer(answer, facts());
    const errors = graphqlErrors.safeParse(answer.data);
    if (errors.success) throw failureOfGraphql(errors.data.errors, answer, facts());
    const value = checked(answer, call.schema);
    if (!value.ok) throw failureOfShape(value.problem, facts());
    log.debug({ call: call.name, status: answer.status, ms: clock.now() - started }, "github call");
    return { value: value.data, next: nextOf(answer) };
  } catch (error) {
    if (error instanceof RouteRefused) throw error;
    const failure = failureFrom(error, facts());
    log.debug(
      { call: call.name, status: failure.status, code: failure.code, ms: clock.now() - started },
      "github call",
    );
    throw failure;
  }
}

type Checked<T> = { readonly ok: true; readonly data: T } | { readonly ok: false; readonly problem: string };

function checked<T>(answer: Answer, schema: z.ZodType<T>): Checked<T> {
  const result = schema.safeParse(answer.data);
  if (result.success) return { ok: true, data: result.data };
  // A body that is no JSON arrives here as a string: Octokit swallows the parse error.
  if (typeof answer.data === "string") return { ok: false, problem: "it is not complete JSON" };
  const places = result.error.issues.map((issue) => issue.path.join(".") || "the whole answer");
  return { ok: false, problem: `unexpected: ${[...new Set(places)].slice(0, 5).join(", ")}` };
}

/** The `rel="next"` link. Only its existence and cursor are used: its path (`/repositories/{id}/…`) is not a public route. */
function nextOf(answer: Answer): URL | undefined {
  const target = /<([^<>]+)>;\s*rel="next"/.exec(String(answer.headers.link ?? ""))?.[1];
  return target === undefined || !URL.canParse(target) ? undefined : new URL(target);
}
