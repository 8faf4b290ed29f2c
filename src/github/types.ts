/** A repository as this adapter addresses it: the id is the identity, owner and name make the URL. */
export interface RepositoryRef {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
}

/** Where a call goes and which installation pays for it. */
export interface At {
  readonly repository: RepositoryRef;
  readonly installationId: number;
  /** Awaited last before a write is sent; when it throws, nothing is sent. */
  readonly beforeWrite?: (() => Promise<void>) | undefined;
}

/** A GitHub account. Logins of bots always end in `[bot]`, as in webhooks, although GraphQL leaves that out. */
export interface Actor {
  readonly id: number;
  readonly login: string;
  readonly type: "User" | "Bot" | "Organization" | "Mannequin";
}

/** Who we are on this GitHub. The numeric ids tell our own deeds from anybody else's. */
export interface Self {
  readonly appId: number;
  readonly slug: string;
  readonly botUserId: number;
  readonly botLogin: string;
  /** Author e-mail for commits: GitHub links a commit to the app only by the bot *user's* id in it. */
  readonly email: string;
}

export interface IssueComment {
  readonly id: number;
  /** Undefined when the account no longer exists. */
  readonly author: Actor | undefined;
  readonly body: string;
  readonly createdAt: number;
  readonly lastEditedAt: number | undefined;
  readonly editor: Actor | undefined;
  readonly minimized: boolean;
}

/** When a text changed and by whom; undefined for an account that no longer exists. */
export interface Edit {
  readonly at: number;
  readonly actor: Actor | undefined;
}

/** An issue or pull request with everything needed to tell who wrote what and when. Times in ms since the epoch. */
export interface IssueFacts {
  readonly title: string;
  readonly body: string;
  readonly state: "open" | "closed";
  readonly isPullRequest: boolean;
  readonly author: Actor | undefined;
  readonly createdAt: number;
  /** Names of the labels it has now. */
  readonly labels: readonly string[];
  /** Every edit of the body, oldest first, without its writing. */
  readonly bodyEdits: readonly Edit[];
  /** Every change of the title, oldest first. */
  readonly renames: readonly Edit[];
  /** There were more edits than we were willing to read, the latest perhaps as late as this. Undefined: all are here. */
  readonly editsUnreadUntil: number | undefined;
  readonly comments: readonly IssueComment[];
  readonly labelings: readonly { readonly label: string; readonly at: number; readonly actor: Actor | undefined }[];
  /** True when there was more than we were willing to page through: the oldest entries are here, newer ones are not. */
  readonly truncated: boolean;
}

/** What somebody did to an issue or pull request, and when; undefined for an account that no longer exists. */
export interface Deed {
  readonly at: number;
  readonly actor: Actor | undefined;
}

/** An issue or pull request as it is now, with the newest of what people did to its state. */
export interface Thread {
  readonly title: string;
  readonly body: string;
  readonly isPullRequest: boolean;
  readonly updatedAt: number;
  /** Undefined while it is open. */
  readonly closed: Deed | undefined;
  readonly merged: boolean;
  readonly labels: readonly string[];
  /** Oldest first; of a long history only the end. */
  readonly labelings: readonly (Deed & { readonly label: string })[];
  readonly unlabelings: readonly (Deed & { readonly label: string })[];
}

/** Milliseconds since the epoch, and a way to wait. Tests bring their own. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** The part of a pino logger this adapter uses. */
export interface Log {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

export const silentLog: Log = { debug: () => {}, warn: () => {} };
