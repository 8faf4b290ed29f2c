import type { AppIdentity } from "./app-identity.ts";
import type { CiSystem } from "./ci.ts";
import type { Files } from "./git/commits.ts";
import type { Delivery } from "./hooks/delivery.ts";
import type { HeldWebhook, WebhookMatch } from "./hooks/faults.ts";
import type { CheckView, IssueView, PullView, ReviewView, Said, ThreadView } from "./look.ts";
import type { Person } from "./people.ts";
import type { FaultAnswer, Interlude, RunAt, Where } from "./server/request-faults.ts";
import type { LoggedRequest } from "./server/request-log.ts";
import type { Permissions, Repository, Role } from "./world/model.ts";

export interface FakeGitHubOptions {
  /** A directory of the caller's, for the bare repositories. The caller removes it. */
  readonly directory: string;
  /** Milliseconds since the epoch; the machine's clock when left out. */
  readonly clock?: () => number;
  /** What the app may do; what `app.yml` asks for when left out. */
  readonly permissions?: Permissions;
  /** What the app is subscribed to; what `app.yml` asks for when left out. */
  readonly events?: readonly string[];
}

export interface NewRepository {
  readonly owner: string;
  readonly name: string;
  readonly private?: boolean;
  readonly defaultBranch?: string;
  /** The first commit: contents by path, or a directory whose files are taken. */
  readonly files?: Files | string;
  readonly people?: Readonly<Record<string, Role>>;
  /** Whether the app is installed here from the start; it is when left out. */
  readonly app?: "installed" | "not installed";
}

/** A repository as tests hold it. */
export interface FakeRepository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly fullName: string;
  readonly defaultBranch: string;
  /** Path of the bare repository, for looking with git. */
  readonly directory: string;
  readonly cloneUrl: string;
  /** 0 while the app is not installed. */
  readonly installationId: number;
  /** The stand-in's own record. Tests look elsewhere, unless they plant something. */
  readonly state: Repository;
  /** Opens an issue in somebody's name and gives its number. */
  openIssue(issue: NewIssueAs): Promise<number>;
}

export interface NewIssueAs {
  readonly as: string;
  readonly title: string;
  readonly body?: string;
  readonly labels?: readonly string[];
}

/** A delivery with its payload as an object. */
export type SeenDelivery = Omit<Delivery, "recipe"> & { readonly payload: Readonly<Record<string, unknown>> };

export interface Faults {
  /** The next such webhook fails to arrive; GitHub's log shows it as failed. */
  drop(match?: WebhookMatch): void;
  /** It arrives twice under one GUID. */
  duplicate(match?: WebhookMatch): void;
  /** It waits until it is released, and others overtake it. */
  delay(match?: WebhookMatch): HeldWebhook;
  /** The next requests on a route get this answer. */
  answer(answer: FaultAnswer): void;
  /** The connection is reset instead of answering. */
  hangUp(where: Where): void;
  /** Does something when such a request comes (`before`) or was carried out (`after`); it is answered as ever then. */
  run(where: RunAt, interlude: Interlude): void;
  /** Forgets every fault that met nothing yet. */
  clear(): void;
  /** GitHub's answer to somebody who writes too fast; `retryAfter` in seconds. */
  limitSecondary(where: Where & { readonly retryAfter: number }): void;
  /** Every installation token given out so far is invalid from now on. */
  expireTokens(): void;
}

/** What stands for GitHub in a test or a demo. README.md next to this file shows how to use it. */
export interface FakeGitHub extends Watching {
  readonly url: string;
  /** For `GHE_HOST`, with `GHE_PROTOCOL=http`. */
  readonly host: string;
  readonly apiUrl: string;
  readonly graphqlUrl: string;
  readonly app: AppIdentity;
  readonly faults: Faults;
  /** From now on webhooks go there; undefined: to nobody. */
  connect(webhookUrl: string | undefined): void;
  createRepository(order: NewRepository): Promise<FakeRepository>;
  installApp(repository: FakeRepository): void;
  removeApp(repository: FakeRepository): void;
  /** Makes this a GitHub whose plan has no draft pull requests. */
  refuseDrafts(): void;
  as(login: string): { on(repository: FakeRepository): Person };
  asBot(login: string): { on(repository: FakeRepository): Person };
  ci(repository: FakeRepository): CiSystem;
  /** A personal token, for git over HTTP as that person. */
  tokenFor(login: string): string;
  /** Sends the newest delivery of that GUID again. */
  redeliver(guid: string): Promise<void>;
  close(): Promise<void>;
}

/** The ways to look at what happened. */
export interface Watching {
  /** Every request that came, in the order of the answers. */
  readonly requests: readonly LoggedRequest[];
  readonly deliveries: readonly SeenDelivery[];
  /** Resolves when no request is being answered and no webhook is queued or on its way. Held ones do not count. */
  settled(): Promise<void>;
  conversation(repository: FakeRepository, number: number): Said[];
  issue(repository: FakeRepository, number: number): IssueView;
  pullRequests(repository: FakeRepository): PullView[];
  /** Every review; each answer in a thread has one of its own without a body. */
  reviews(repository: FakeRepository, number: number): ReviewView[];
  /** The threads with all their comments; marks the app's as read. */
  threads(repository: FakeRepository, number: number): ThreadView[];
  checks(repository: FakeRepository, sha?: string): CheckView[];
  /** Branches and their heads. */
  branches(repository: FakeRepository): Promise<Record<string, string>>;
  /** The app's comments whose present text no test has looked at. */
  unreadComments(): string[];
  /** Schema violations, routes nobody has, what the stand-in lacks. */
  problems(): string[];
  /** @throws Error listing problems, unread comments of the app and faults that nothing met */
  assertClean(): void;
}
