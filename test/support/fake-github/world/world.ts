import type { AppIdentity } from "../app-identity.ts";
import { Ids } from "./ids.ts";
import type { Account, Act, Comment, Installation, Issue, JsonObject, Label, PullIssue, Repository } from "./model.ts";
import { notFound } from "./refusal.ts";

/** Something happened that GitHub sends webhooks about. `body` is the event's own part of the payload. */
export interface Announcement {
  readonly act: Act;
  readonly event: string;
  readonly action: string | undefined;
  readonly installation: Installation | undefined;
  readonly repository: Repository | undefined;
  /** A function where it is costly to make: it is made at once, but only when somebody listens. */
  readonly body: JsonObject | (() => JsonObject);
}

/** All that GitHub knows: accounts, repositories, the app and where it is installed. */
export class World {
  readonly ids = new Ids();
  readonly app: AppIdentity;
  readonly directory: string;
  readonly clock: () => number;
  readonly accounts = new Map<string, Account>();
  readonly installations: Installation[] = [];
  readonly repositories: Repository[] = [];
  readonly problems: string[] = [];
  /** What differs between one GitHub and another. */
  readonly settings: { refusesDrafts: boolean } = { refusesDrafts: false };
  readonly bot: Account;
  /** `http://127.0.0.1:PORT`; known once the server listens. */
  origin = "";
  announce: (announcement: Announcement) => void = () => {};

  constructor(options: { readonly app: AppIdentity; readonly directory: string; readonly clock: () => number }) {
    this.app = options.app;
    this.directory = options.directory;
    this.clock = options.clock;
    this.bot = { id: options.app.botUserId, login: options.app.botLogin, type: "Bot", createdAt: this.now() };
    this.accounts.set(this.bot.login, this.bot);
  }

  /** Milliseconds since the epoch, cut to the second: GitHub's times are no finer. */
  now(): number {
    return Math.floor(this.clock() / 1000) * 1000;
  }

  /** The account of that login, made when it is new. Logins ending in `[bot]` belong to bots. */
  account(login: string, type: Account["type"] = login.endsWith("[bot]") ? "Bot" : "User"): Account {
    const known = this.accounts.get(login.toLowerCase());
    if (known !== undefined) return known;
    const id = this.ids.next(type === "Organization" ? "organization" : "user");
    const account: Account = { id, login, type, createdAt: this.now() };
    this.accounts.set(login.toLowerCase(), account);
    return account;
  }

  repository(owner: string, name: string): Repository | undefined {
    const wanted = `${owner}/${name}`.toLowerCase();
    return this.repositories.find((repository) => fullName(repository).toLowerCase() === wanted);
  }

  installationOf(repository: Repository): Installation | undefined {
    return this.installations.find((installation) => installation.repositories.has(repository));
  }
}

/** `owner/name`. */
export function fullName(repository: Repository): string {
  return `${repository.owner.login}/${repository.name}`;
}

/** The issue or pull request of that number. @throws Refusal 404 */
export function issueOf(repository: Repository, number: number): Issue {
  const issue = repository.issues.find((candidate) => candidate.number === number);
  if (issue === undefined) throw notFound();
  return issue;
}

/** The pull request of that number. @throws Refusal 404 */
export function pullOf(repository: Repository, number: number): PullIssue {
  const issue = issueOf(repository, number);
  if (!isPull(issue)) throw notFound();
  return issue;
}

export function isPull(issue: Issue): issue is PullIssue {
  return issue.pull !== undefined;
}

/** A comment on any issue of the repository. @throws Refusal 404 */
export function commentOf(repository: Repository, id: number): { readonly issue: Issue; readonly comment: Comment } {
  for (const issue of repository.issues) {
    const comment = issue.comments.find((candidate) => candidate.id === id);
    if (comment !== undefined) return { issue, comment };
  }
  throw notFound();
}

/** The repository's label of that name, made when it is new: GitHub does so when a label is put on an issue. */
export function labelNamed(repository: Repository, name: string): Label {
  const { world } = repository;
  const known = repository.labels.get(name.toLowerCase());
  if (known !== undefined) return known;
  const label: Label = { id: world.ids.next("label"), name, color: "ededed" };
  repository.labels.set(name.toLowerCase(), label);
  return label;
}
