import type { AuthoriserPorts } from "../../src/handlers/authorise-trigger.ts";
import type { Permission, PolicyAnswer } from "../../src/handlers/authorize.ts";
import type { CommentFacts, IssueFacts } from "../../src/handlers/issue-facts.ts";
import type { Policy } from "../../src/orchestrator/domain/policy.ts";
import type { Actor, Trigger } from "../../src/orchestrator/domain/trigger.ts";
import { noon, ourselves, repository } from "./payloads.ts";

export const person = (id: number, login: string): Actor => ({ id, login, type: "User" });
export const ann = person(101, "ann");
export const bob = person(102, "bob");
export const eve = person(103, "eve");
export const second = 1000;

export const policy: Policy = {
  label: "agent",
  profile: "default",
  base: "main",
  branch: "agent/issue-{number}",
  setup: { run: [], network: [] },
  verify: { run: [], attempts: 1 },
  rules: "",
  pullRequest: { draft: false, title: "{title}" },
  protect: { deny: [], hold: [], flag: [] },
  review: { trigger: "any", bots: "all", botRounds: 3, rounds: 5, resolve: "bots", quietSeconds: 60 },
  limits: {},
};

/** Issue 7, written by eve an hour ago, labelled by ann at noon. */
export function factsWith(changes: Partial<IssueFacts> = {}): IssueFacts {
  return {
    title: "Totals are wrong",
    body: "The sum is off.",
    state: "open",
    isPullRequest: false,
    author: eve,
    createdAt: noon - 3600 * second,
    labels: ["agent"],
    bodyEdits: [],
    renames: [],
    editsUnreadUntil: undefined,
    comments: [],
    labelings: [],
    truncated: false,
    ...changes,
  };
}

export function triggerWith(changes: Partial<Trigger> = {}): Trigger {
  return {
    wish: { verb: "run" },
    source: { kind: "label", label: "agent" },
    actor: ann,
    at: noon,
    guidance: "",
    issue: { title: "Totals are wrong", body: "The sum is off." },
    ...changes,
  };
}

export function commentOf(author: Actor | undefined, body: string, changes: Partial<CommentFacts> = {}): CommentFacts {
  const createdAt = noon - 600 * second;
  return {
    id: body.length,
    author,
    body,
    createdAt,
    lastEditedAt: undefined,
    editor: undefined,
    minimized: false,
    ...changes,
  };
}

export const at = {
  repository: { id: repository.id, owner: "acme", name: "shop" },
  installationId: 66,
  issue: 7,
};

/** A GitHub in which ann and bob may push, and a list of what was asked of it. */
export function world(changes: {
  readonly facts?: IssueFacts;
  readonly policy?: PolicyAnswer;
  readonly permissions?: Readonly<Record<string, Permission>>;
  readonly fails?: keyof AuthoriserPorts;
}): AuthoriserPorts & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  const answer = async <T>(name: keyof AuthoriserPorts, detail: string, value: T): Promise<T> => {
    asked.push(`${name}${detail}`);
    if (changes.fails === name) throw Object.assign(new Error("bad gateway"), { code: "doubt" });
    return value;
  };
  const permissions: Readonly<Record<string, Permission>> = {
    ann: { permission: "write", mayPush: true },
    bob: { permission: "maintain", mayPush: true },
    ...changes.permissions,
  };
  return {
    asked,
    permissionOf: (_at, { login }) =>
      answer("permissionOf", ` ${login}`, permissions[login] ?? { permission: "read", mayPush: false }),
    readPolicy: () => answer("readPolicy", "", changes.policy ?? { kind: "ok", policy }),
    readIssue: (_at, number) => answer("readIssue", ` ${number}`, changes.facts ?? factsWith()),
    profiles: ["default", "codex"],
    ourselves,
    now: () => noon + 5 * second,
  };
}
