export type FailureCode =
  | "unauthorised"
  | "rate_limited"
  | "forbidden"
  | "locked"
  | "not_found"
  | "conflict"
  | "exists"
  | "invalid"
  | "gone"
  /** We cannot know whether it happened: no answer, 5xx, or an answer that makes no sense. Read back before retrying. */
  | "doubt";

interface FailureFacts {
  readonly code: FailureCode;
  readonly status?: number | undefined;
  readonly retryAt?: number | undefined;
  readonly reason?: "drafts_unsupported" | undefined;
  readonly cause?: unknown;
}

/** Everything that can go wrong between us and GitHub. The message carries no token and is safe to log. */
export class GitHubFailure extends Error {
  override readonly name = "GitHubFailure";
  readonly code: FailureCode;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** With `rate_limited`: the earliest time for the next call, in ms since the epoch. */
  readonly retryAt: number | undefined;
  /** With `invalid`: a refusal the caller has its own answer to. */
  readonly reason: "drafts_unsupported" | undefined;

  constructor(message: string, facts: FailureFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.status = facts.status;
    this.retryAt = facts.retryAt;
    this.reason = facts.reason;
  }
}

/** What came back over HTTP, as far as the classification needs it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
}

export interface FailureContext {
  /** Route template, for the message. */
  readonly route: string;
  readonly now: number;
  /** Strings that must not show up anywhere, on top of what looks like a token by itself. */
  readonly secrets: readonly string[];
}

/** GitHub asks for at least a minute when it does not say how long. */
const unstatedPauseMs = 60_000;
const longestDetail = 300;

/**
 * Turns whatever ended a call into a {@link GitHubFailure} (the table in github.md §4). Octokit's own error is not kept
 * as the cause: it carries request bodies and response bodies, which do not belong into a log. Anything else that went
 * wrong, a bug of ours included, may have happened after the request was sent, so it is in doubt too.
 */
export function failureFrom(error: unknown, context: FailureContext): GitHubFailure {
  if (error instanceof GitHubFailure) return error;
  if (!isOctokits(error)) {
    const message = `${context.route}: failed (${redact(String(error), context.secrets)})`;
    return new GitHubFailure(message, { code: "doubt", cause: error });
  }
  if (error.response) return failureOfAnswer(error.response, context);
  const cause = leanCause(error, context.secrets);
  return new GitHubFailure(`${context.route}: no answer from GitHub (${cause.message})`, { code: "doubt", cause });
}

/** Classifies an answer that is not a success. */
export function failureOfAnswer(answer: Answer, context: FailureContext): GitHubFailure {
  const said = redact(wordsOf(answer.data), context.secrets).slice(0, longestDetail);
  const retryAt = retryAtOf(answer, context.now);
  const code = retryAt === undefined ? codeOf(answer.status, said) : "rate_limited";
  const reason =
    code === "invalid" && /draft pull requests are not supported/i.test(said) ? "drafts_unsupported" : undefined;
  const message = `${context.route}: GitHub answered ${answer.status}${said === "" ? "" : `, "${said}"`}`;
  return new GitHubFailure(message, { code, status: answer.status, retryAt, reason });
}

/** A 2xx answer that is not what we need: HTML, cut off, or without a field we rely on. */
export function failureOfShape(detail: string, context: FailureContext): GitHubFailure {
  const message = `${context.route}: GitHub's answer is not usable (${redact(detail, context.secrets)})`;
  return new GitHubFailure(message, { code: "doubt" });
}

interface GraphqlError {
  readonly type?: string | undefined;
  readonly message: string;
}

/** Classifies the `errors` of a GraphQL answer, which come with HTTP 200. */
export function failureOfGraphql(
  errors: readonly GraphqlError[],
  answer: Answer,
  context: FailureContext,
): GitHubFailure {
  const said = redact(errors.map((error) => error.message).join("; "), context.secrets).slice(0, longestDetail);
  const message = `${context.route}: GitHub answered with errors, "${said}"`;
  const types = errors.map((error) => error.type);
  if (types.includes("RATE_LIMITED")) {
    const retryAt = retryAtOf({ ...answer, status: 429 }, context.now);
    return new GitHubFailure(message, { code: "rate_limited", status: answer.status, retryAt });
  }
  const code = types.includes("NOT_FOUND") ? "not_found" : types.includes("FORBIDDEN") ? "forbidden" : "doubt";
  return new GitHubFailure(message, { code, status: answer.status });
}

/** Takes tokens, JSON Web Tokens and credentials in URLs out of a text. */
export function redact(text: string, secrets: readonly string[] = []): string {
  const known = secrets
    .filter((secret) => secret !== "")
    .reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text);
  return known
    .replace(/\b(?:gh[a-z]_|github_pat_)\w+/g, "[redacted]")
    .replace(/\bv1\.[0-9a-f]{40}\b/g, "[redacted]")
    .replace(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, "[redacted]")
    .replace(/(\/\/)[^/\s@]+@/g, "$1[redacted]@")
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[redacted]");
}

function codeOf(status: number, said: string): FailureCode {
  if (status >= 500 || status === 408) return "doubt";
  // We do not follow redirects: the target is a route nobody allowed, and a POST would arrive there as a GET.
  if (status < 400) return "not_found";
  if (status === 401) return "unauthorised";
  if (status === 403) return /\b(locked|archived)\b/i.test(said) ? "locked" : "forbidden";
  if (status === 404) return "not_found";
  if (status === 405 || status === 409) return "conflict";
  if (status === 410 || status === 451) return "gone";
  if (status === 423) return "locked";
  if (status === 422 && /already[ _]exists/i.test(said)) return "exists";
  return "invalid";
}

/** When we may call again, or undefined when this is no rate limit. Secondary limits look like plain 403s. */
function retryAtOf(answer: Answer, now: number): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const seconds = numberIn(answer.headers["retry-after"]);
  if (seconds !== undefined) return now + Math.max(1, seconds) * 1000;
  const reset = numberIn(answer.headers["x-ratelimit-reset"]);
  // A reset in the past means that the two clocks disagree; then a minute is as good as any guess.
  if (numberIn(answer.headers["x-ratelimit-remaining"]) === 0) {
    return reset !== undefined && reset * 1000 > now ? reset * 1000 : now + unstatedPauseMs;
  }
  const isLimit = answer.status === 429 || /rate limit|abuse detection/i.test(wordsOf(answer.data));
  return isLimit ? now + unstatedPauseMs : undefined;
}

function numberIn(header: string | number | undefined): number | undefined {
  if (header === undefined || header === "") return undefined;
  const value = Number(header);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The sentences in an error body: the message, and those of `errors[]`, which hold the real reason of a 422. */
function wordsOf(data: unknown): string {
  if (typeof data === "string") return /^\s*</.test(data) ? "a web page" : data;
  if (typeof data !== "object" || data === null) return "";
  const { message, errors } = data as { message?: unknown; errors?: unknown };
  const details = Array.isArray(errors) ? errors : [];
  const words = [message, ...details.map((each) => detailOf(each))];
  return words.filter((each) => typeof each === "string" && each !== "").join(": ");
}

function detailOf(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return error;
  const { message, code, field } = error as { message?: unknown; code?: unknown; field?: unknown };
  return message ?? [field, code].filter((each) => typeof each === "string").join(" ");
}

/** Octokit's RequestError, which it throws for every answer from 400 on and when there is none. */
function isOctokits(error: unknown): error is Error & { readonly response?: Answer } {
  return error instanceof Error && error.name === "HttpError";
}

function leanCause(error: Error, secrets: readonly string[]): Error {
  const innermost = rootOf(error);
  const code = (innermost as { code?: unknown }).code;
  const words = [typeof code === "string" ? code : innermost.name, innermost.message].filter((each) => each !== "");
  return new Error(redact(words.join(": "), secrets).slice(0, longestDetail));
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
