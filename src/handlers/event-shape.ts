/** A parsed body. */
export type Payload = Readonly<Record<string, unknown>>;

interface Shape {
  readonly has: readonly string[];
  readonly lacks: readonly string[];
}

/** Keys that tell one kind of delivery from another; GitHub's own names. */
const objects = [
  "issue",
  "comment",
  "pull_request",
  "review",
  "thread",
  "check_run",
  "check_suite",
  "sub_issue",
  "blocked_issue",
  "commits",
  "sha",
  "hook",
  "repositories_added",
];

/**
 * The event name is not signed, the body is: one that does not look like its name was put under another (security.md
 * T02). Every event the app subscribes to, and those that arrive unasked.
 */
const shapes: Readonly<Record<string, Shape>> = {
  issues: only("action", "issue"),
  issue_comment: only("action", "issue", "comment"),
  pull_request: only("action", "pull_request"),
  pull_request_review: only("action", "pull_request", "review"),
  pull_request_review_comment: only("action", "pull_request", "comment"),
  pull_request_review_thread: only("action", "pull_request", "thread"),
  check_run: only("action", "check_run"),
  check_suite: only("action", "check_suite"),
  sub_issues: only("action", "sub_issue"),
  issue_dependencies: only("action", "blocked_issue"),
  status: { has: ["sha", "state", "context"], lacks: objects.filter((key) => key !== "sha") },
  push: { has: ["ref", "before", "after", "commits"], lacks: objects.filter((key) => key !== "commits") },
  ping: { has: ["hook"], lacks: objects.filter((key) => key !== "hook") },
  installation: { has: ["action", "installation"], lacks: [...objects, "repository", "target_type"] },
  installation_repositories: only("action", "installation", "repositories_added"),
  repository: { has: ["action", "repository"], lacks: [...objects, "label", "release", "workflow_run"] },
};

/** Whether this body can be a delivery of that event. Under a name we do not know, it must look like none we know. */
export function matchesEvent(event: string, payload: Payload): boolean {
  const shape = Object.hasOwn(shapes, event) ? shapes[event] : undefined;
  if (shape) return fits(shape, payload);
  return !Object.entries(shapes).some(([name, known]) => name !== "repository" && fits(known, payload));
}

function only(...has: readonly string[]): Shape {
  return { has, lacks: objects.filter((key) => !has.includes(key)) };
}

function fits({ has, lacks }: Shape, payload: Payload): boolean {
  return has.every((key) => Object.hasOwn(payload, key)) && !lacks.some((key) => Object.hasOwn(payload, key));
}
