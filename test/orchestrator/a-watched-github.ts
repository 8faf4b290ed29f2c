import type {
  ChangedComment,
  ChangedIssue,
  FailedDelivery,
  Thread,
  WatchedGitHub,
} from "../../src/orchestrator/reconcile-ports.ts";
import { ann } from "../support/builders.ts";

/** A GitHub with repositories 1, 2, … by installation, which remembers what it was asked. */
export interface FakeWatched extends WatchedGitHub {
  readonly asked: string[];
  readonly issues: Map<number, readonly ChangedIssue[]>;
  readonly comments: Map<number, readonly ChangedComment[]>;
  readonly threads: Map<string, Thread>;
  failed: readonly FailedDelivery[];
  /** Thrown by every question about this repository, or about the app for 0. */
  readonly trouble: Map<number, Error>;
}

export function aWatchedGitHub(installations: Readonly<Record<number, readonly number[]>>): FakeWatched {
  const asked: string[] = [];
  const trouble = new Map<number, Error>();
  const answer = async <T>(repository: number, question: string, value: T): Promise<T> => {
    asked.push(question);
    const error = trouble.get(repository);
    if (error) throw error;
    return value;
  };
  const github: FakeWatched = {
    asked,
    trouble,
    issues: new Map(),
    comments: new Map(),
    threads: new Map(),
    failed: [],
    listInstallations: () =>
      answer(
        0,
        "installations",
        Object.keys(installations).map((id) => ({ id: Number(id), suspended: false })),
      ),
    listRepositories: (installation) =>
      answer(
        -installation,
        `repositories of ${installation}`,
        (installations[installation] ?? []).map((id) => ({ id, owner: "acme", name: `shop-${id}`, archived: false })),
      ),
    failedDeliveries: (since) => answer(0, `deliveries since ${since}`, github.failed),
    redeliver: (id) => answer(0, `redeliver ${id}`, undefined),
    listChangedIssues: ({ repository: { id } }, since) =>
      answer(id, `issues of ${id} since ${since}`, github.issues.get(id) ?? []),
    listChangedComments: ({ repository: { id } }, since) =>
      answer(id, `comments of ${id} since ${since}`, github.comments.get(id) ?? []),
    readThread({ repository: { id } }, number) {
      const thread = github.threads.get(`${id}-${number}`);
      return thread
        ? answer(id, `thread ${id}-${number}`, thread)
        : Promise.reject(Object.assign(new Error("there is no such issue"), { code: "not_found" }));
    },
    isUnedited: ({ repository: { id } }, { node }) => answer(id, `comment ${node}`, true),
  };
  return github;
}

/** An open issue that ann labelled. */
export function labelledThread(at: number, changes: Partial<Thread> = {}): Thread {
  return {
    title: "Totals are one cent off",
    body: "Please fix it.",
    isPullRequest: false,
    updatedAt: at,
    closed: undefined,
    merged: false,
    labels: ["agent"],
    labelings: [{ label: "agent", at, actor: ann }],
    unlabelings: [],
    ...changes,
  };
}

export function failure(code: "doubt" | "rate_limited"): Error {
  return Object.assign(new Error(`GitHub says ${code}`), { code });
}
