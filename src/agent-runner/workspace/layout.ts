import { join } from "node:path";

/** Where things are below a task's workspace directory: the same paths in every run, on the host and in the sandbox. */
export interface Layout {
  readonly root: string;
  /** The clone: the agent's working directory. */
  readonly repo: string;
  readonly home: string;
  readonly tmp: string;
  /** The agent's own settings and state: nothing of the repository, setup included, gets here. */
  readonly agent: string;
  /** Read-only for the agent. */
  readonly context: string;
  /** Holds the result file; writable, outside the tree. */
  readonly answer: string;
  readonly resultFile: string;
  /** The operator's files on their way into the clone; gone before anything of the repository runs. */
  readonly provided: string;
  /** Repository and index of the exporter. Made after the agent is dead, invisible to it. */
  readonly exporter: string;
  /** App-owned: what a run hands over. */
  readonly outbox: string;
}

/** The layout below `root`. */
export function layoutOf(root: string): Layout {
  const answer = join(root, "answer");
  return {
    root,
    repo: join(root, "repo"),
    home: join(root, "home"),
    tmp: join(root, "tmp"),
    agent: join(root, "agent"),
    context: join(root, "context"),
    answer,
    resultFile: join(answer, "result.json"),
    provided: join(root, "provided"),
    exporter: join(root, "export"),
    outbox: join(root, "outbox"),
  };
}
