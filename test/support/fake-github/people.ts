import { addCommit, type Files } from "./git/commits.ts";
import { refsOf, resolveRef } from "./git/history.ts";
import { deleteRef } from "./git/merge.ts";
import { type Reviewing, reviewingVerbs } from "./reviewing.ts";
import { addComment, deleteComment, editComment, react } from "./world/comments.ts";
import { addLabel, closeIssue, editIssue, type NewIssue, openIssue, removeLabel, reopenIssue } from "./world/issues.ts";
import { inTurn } from "./world/lock.ts";
import { mergePull } from "./world/merge.ts";
import type { Account, Act, Comment, Issue, ReactionContent, Repository, Role } from "./world/model.ts";
import { openPull, requestReviewers, setDraft } from "./world/pulls.ts";
import { afterRefsMoved, movedRefs } from "./world/pushes.ts";
import { mustBe, mustOwnOrWrite } from "./world/roles.ts";
import { commentOf, issueOf, pullOf } from "./world/world.ts";

export interface OpenPull {
  readonly head: string;
  readonly base?: string;
  readonly title: string;
  readonly body?: string;
  readonly draft?: true;
}

export interface HowToPush {
  readonly message?: string;
  /** The parent, when it is not the tip of the branch: what was there is then overwritten. */
  readonly from?: string;
}

/** What a person can do in a repository. Everything is done when the promise resolves; webhooks follow. */
export interface Person extends Reviewing {
  /** The same verbs, but GitHub tells the app nothing: missed webhooks are normal. */
  readonly silently: Omit<Person, "silently">;
  opensIssue(issue: {
    readonly title: string;
    readonly body?: string;
    readonly labels?: readonly string[];
  }): Promise<number>;
  editsIssue(number: number, change: { readonly title?: string; readonly body?: string }): Promise<void>;
  labels(number: number, ...names: readonly string[]): Promise<void>;
  unlabels(number: number, name: string): Promise<void>;
  closes(number: number): Promise<void>;
  reopens(number: number): Promise<void>;
  comments(number: number, body: string): Promise<Comment>;
  editsComment(id: number, body: string): Promise<void>;
  deletesComment(id: number): Promise<void>;
  minimizesComment(id: number): Promise<void>;
  reactsTo(commentId: number, content: ReactionContent): Promise<void>;
  /** Adds one commit to a branch, made from the default branch when it is new. Null removes a file; a string is the message. Gives the sha. */
  pushes(branch: string, files: Files, how?: string | HowToPush): Promise<string>;
  deletesBranch(branch: string): Promise<void>;
  opensPullRequest(order: OpenPull): Promise<number>;
  requestsReview(number: number, ...logins: readonly string[]): Promise<void>;
  convertsToDraft(number: number): Promise<void>;
  marksReady(number: number): Promise<void>;
  /** Gives the sha of the merge commit. @throws Refusal when GitHub would not merge it */
  merges(number: number, how?: { readonly method: "merge" | "squash" }): Promise<string>;
}

/** A person or a bot in a repository. */
export function personIn(repository: Repository, by: Account): Person {
  const loud = verbs(repository, { by, silent: false });
  return { ...loud, silently: verbs(repository, { by, silent: true }) };
}

function verbs(repository: Repository, act: Act): Omit<Person, "silently"> {
  const issue = (number: number): Issue => issueOf(repository, number);
  const needs = (role: Role): void => mustBe(repository, act.by, role);
  return {
    ...talkingVerbs(repository, act),
    ...branchVerbs(repository, act),
    ...pullVerbs(repository, act),
    ...reviewingVerbs(repository, act),
    async opensIssue({ title, body = "", labels = [] }) {
      needs("read");
      if (labels.length > 0) needs("triage");
      return openIssue(repository, { act, title, body, labels } satisfies NewIssue & { act: Act }).number;
    },
    async editsIssue(number, change) {
      mustOwnOrWrite(repository, act.by, issue(number).author);
      editIssue(repository, issue(number), { act, ...change });
    },
    async labels(number, ...names) {
      needs("triage");
      for (const name of names) addLabel(repository, issue(number), { act, name });
    },
    async unlabels(number, name) {
      needs("triage");
      removeLabel(repository, issue(number), { act, name });
    },
    async closes(number) {
      if (issue(number).author !== act.by) needs("triage");
      closeIssue(repository, issue(number), { act });
    },
    async reopens(number) {
      if (issue(number).author !== act.by) needs("triage");
      reopenIssue(repository, issue(number), act);
    },
  };
}

type Talking = "comments" | "editsComment" | "deletesComment" | "minimizesComment" | "reactsTo";

function talkingVerbs(repository: Repository, act: Act): Pick<Person, Talking> {
  const { world } = repository;
  return {
    async comments(number, body) {
      mustBe(repository, act.by, "read");
      return addComment(repository, issueOf(repository, number), { act, body });
    },
    async editsComment(id, body) {
      const { issue, comment } = commentOf(repository, id);
      mustOwnOrWrite(repository, act.by, comment.author);
      editComment(repository, issue, { act, comment, body });
    },
    async deletesComment(id) {
      const { issue, comment } = commentOf(repository, id);
      mustOwnOrWrite(repository, act.by, comment.author);
      deleteComment(repository, issue, { act, comment });
    },
    async minimizesComment(id) {
      mustBe(repository, act.by, "write");
      commentOf(repository, id).comment.minimized = true;
    },
    async reactsTo(id, content) {
      mustBe(repository, act.by, "read");
      react(world, commentOf(repository, id).comment, { act, content });
    },
  };
}

function branchVerbs(repository: Repository, act: Act): Pick<Person, "pushes" | "deletesBranch"> {
  const { world, directory, defaultBranch } = repository;
  const tipOf = (branch: string): Promise<string | undefined> => resolveRef(directory, `refs/heads/${branch}`);
  const pushing = <T>(change: () => Promise<T>): Promise<T> =>
    inTurn(repository, async () => {
      mustBe(repository, act.by, "write");
      const before = await refsOf(directory);
      const result = await change();
      await afterRefsMoved(repository, { act, moved: movedRefs(before, await refsOf(directory)) });
      return result;
    });
  return {
    pushes: (branch, files, how = {}) =>
      pushing(async () => {
        const { message = `Change ${Object.keys(files).join(", ")}`, from } =
          typeof how === "string" ? { message: how } : how;
        const parent = from ?? (await tipOf(branch)) ?? (await tipOf(defaultBranch));
        return addCommit(directory, { branch, from: parent, files, message, author: act.by, at: world.now() });
      }),
    deletesBranch: (branch) => pushing(() => deleteRef(directory, `refs/heads/${branch}`)),
  };
}

type Pulling = "opensPullRequest" | "requestsReview" | "convertsToDraft" | "marksReady" | "merges";

function pullVerbs(repository: Repository, act: Act): Pick<Person, Pulling> {
  const turns = (number: number, to: "draft" | "ready"): void => {
    const issue = pullOf(repository, number);
    mustOwnOrWrite(repository, act.by, issue.author);
    setDraft(repository, issue, { act, to });
  };
  return {
    convertsToDraft: async (number) => turns(number, "draft"),
    marksReady: async (number) => turns(number, "ready"),
    async opensPullRequest({ head, base = repository.defaultBranch, title, body = "", draft }) {
      mustBe(repository, act.by, "write");
      const order = { act, head, base, title, body, draft: draft === true };
      return (await inTurn(repository, () => openPull(repository, order))).number;
    },
    async requestsReview(number, ...logins) {
      mustBe(repository, act.by, "write");
      requestReviewers(repository, pullOf(repository, number), { act, logins });
    },
    async merges(number, { method } = { method: "merge" }) {
      mustBe(repository, act.by, "write");
      return inTurn(repository, () =>
        mergePull(repository, pullOf(repository, number), { act, method, sha: undefined }),
      );
    },
  };
}
