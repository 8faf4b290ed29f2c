import { type AppCalls, createAppCalls } from "./app.ts";
import { createAppJwt } from "./app-jwt.ts";
import { type ChangeCalls, createChangeCalls } from "./changes.ts";
import { type CheckCalls, createCheckCalls } from "./checks.ts";
import { createClient } from "./client.ts";
import { createDeliveryCalls, type DeliveryCalls } from "./deliveries.ts";
import { createGateway } from "./gateway.ts";
import { createIssueCalls, type IssueCalls } from "./issues.ts";
import { createPacing, type SharedPauses } from "./pacing.ts";
import { createPullRequestCalls, type PullRequestCalls } from "./pulls.ts";
import { createRepositoryCalls, type RepositoryCalls } from "./repositories.ts";
import { createReviewCalls, type ReviewCalls } from "./reviews.ts";
import { createTokens, type Purpose } from "./tokens.ts";
import { type Clock, type Log, type RepositoryRef, silentLog, systemClock } from "./types.ts";

export type { Installation, InstalledRepository } from "./app.ts";
export type { ChangedComment, ChangedIssue } from "./changes.ts";
export type { CheckConclusion, CheckFound, CheckReport, NewCheck } from "./checks.ts";
export type { FailedDelivery } from "./deliveries.ts";
export { type FailureCode, GitHubFailure, redact } from "./errors.ts";
export type {
  FeedbackComment,
  FeedbackReview,
  FeedbackThread,
  PullRequestFeedback,
  ReviewState,
  ReviewThreadRef,
  ThreadResolution,
  ThreadState,
} from "./feedback-types.ts";
export type { Reaction, ReactionTarget } from "./issues.ts";
export type { NewPullRequest, PullRequestCreated, PullRequestFound } from "./pulls.ts";
export type { Permission, PermissionFound, PolicyFile } from "./repositories.ts";
export type { Purpose } from "./tokens.ts";
export type { Actor, At, Clock, IssueComment, IssueFacts, Log, RepositoryRef, Self, Thread } from "./types.ts";

export interface GitHubSettings {
  readonly appId: number;
  /** PEM. */
  readonly privateKey: string;
  /** Host and port of an Enterprise server; github.com when absent. */
  readonly host?: string | undefined;
  readonly protocol?: string | undefined;
  readonly clock?: Clock;
  readonly log?: Log;
  /** For one HTTP request with its body, in milliseconds. */
  readonly requestTimeoutMs?: number;
  /** Where it is kept how long GitHub wants to be left alone; in this process when absent. */
  readonly pauses?: SharedPauses;
}

/** Everything Baton asks of GitHub. Every call throws `GitHubFailure`; none repeats a write. */
export interface GitHub
  extends AppCalls,
    RepositoryCalls,
    IssueCalls,
    PullRequestCalls,
    CheckCalls,
    ReviewCalls,
    DeliveryCalls,
    ChangeCalls {
  /** Address for git over HTTP, without credentials (security.md T29). */
  cloneUrl(repository: Pick<RepositoryRef, "owner" | "name">): string;
  /** An installation token for this one repository and purpose; good for ten more minutes at least. */
  token(repository: RepositoryRef, installationId: number, purpose: Purpose): Promise<string>;
  /** To be called when somebody else, git for example, was answered 401 with this token. */
  forgetToken(token: string): void;
}

/**
 * Connects to github.com or an Enterprise server as one GitHub App. Makes no request by itself.
 *
 * @throws Error with code `bad_private_key`.
 */
export function createGitHub(settings: GitHubSettings): GitHub {
  const { appId, privateKey, host, protocol, clock = systemClock, log = silentLog } = settings;
  const jwt = createAppJwt({ appId, privateKey, clock });
  const client = createClient({ host, protocol, requestTimeoutMs: settings.requestTimeoutMs ?? 15_000 });
  const tokens = createTokens({ client, jwt, clock, log });
  const gateway = createGateway({ client, tokens, jwt, pacing: createPacing(clock, settings.pauses), clock, log });
  const app = createAppCalls({ appId, client, gateway, clock, log });
  return {
    ...app,
    ...createRepositoryCalls(gateway),
    ...createIssueCalls(gateway, app.self),
    ...createPullRequestCalls(gateway),
    ...createCheckCalls(gateway, appId),
    ...createReviewCalls(gateway, app.self),
    ...createDeliveryCalls(gateway),
    ...createChangeCalls(gateway),
    cloneUrl: ({ owner, name }) => `${client.address.web}/${owner}/${name}.git`,
    token: (repository, installationId, purpose) =>
      gateway.token({ purpose, installationId, repositoryId: repository.id }),
    forgetToken: (token) => tokens.forget(token),
  };
}
