/** Deliveries as GitHub writes them, cut to what tells something. Times have whole seconds, ids exceed 2^31. */

export const repository = { id: 5_000_000_001, name: "shop", full_name: "acme/shop", owner: { login: "acme", id: 9 } };
export const ann = { id: 101, login: "ann", type: "User", site_admin: false } as const;
export const bob = { id: 102, login: "bob", type: "User", site_admin: false } as const;
export const dependabot = { id: 49_699_333, login: "dependabot[bot]", type: "Bot" } as const;
export const baton = { id: 777, login: "baton[bot]", type: "Bot" } as const;
export const ourselves = { appId: 42, botUserId: 777 } as const;
export const noon = Date.parse("2026-01-05T12:00:00Z");

export const issue = {
  id: 3_000_000_007,
  number: 7,
  title: "Totals are wrong",
  body: "The sum is **off** by one.",
  user: bob,
  state: "open",
  created_at: "2026-01-05T11:00:00Z",
  updated_at: "2026-01-05T12:00:00Z",
  closed_at: null as string | null,
  labels: [],
};

const envelope = { repository, installation: { id: 66, node_id: "x" }, organization: { login: "acme" } };

export function labeled(name: string, changes: Record<string, unknown> = {}) {
  return { ...envelope, action: "labeled", sender: ann, issue, label: { id: 1, name, color: "ededed" }, ...changes };
}

export function closed(changes: Record<string, unknown> = {}) {
  const closedIssue = { ...issue, state: "closed", closed_at: "2026-01-05T11:59:59Z" };
  return { ...envelope, action: "closed", sender: bob, issue: closedIssue, ...changes };
}

export function commented(body: string | null, changes: Record<string, unknown> = {}) {
  return {
    ...envelope,
    action: "created",
    sender: ann,
    issue,
    comment: {
      id: 4_000_000_001,
      body,
      user: ann,
      author_association: "NONE",
      created_at: "2026-01-05T12:00:00Z",
      updated_at: "2026-01-05T12:00:00Z",
      performed_via_github_app: null,
    },
    ...changes,
  };
}

export function edited(from: string, to: string, changes: Record<string, unknown> = {}) {
  const { comment, ...rest } = commented(to);
  const later = { ...comment, updated_at: "2026-01-05T12:05:00Z" };
  return { ...rest, action: "edited", comment: later, changes: { body: { from } }, ...changes };
}

export const pullRequest = {
  id: 3_000_000_008,
  number: 8,
  title: "Fix totals",
  body: null as string | null,
  merged: false,
  updated_at: "2026-01-05T12:00:00Z",
  closed_at: null as string | null,
};

export function pullRequestLabeled(name: string) {
  return { ...envelope, action: "labeled", number: 8, sender: ann, pull_request: pullRequest, label: { id: 1, name } };
}

export function pullRequestClosed(merged: boolean, sender: object = ann) {
  const at = "2026-01-05T12:30:00Z";
  const closedOne = { ...pullRequest, state: "closed", merged, closed_at: at, updated_at: at };
  return { ...envelope, action: "closed", number: 8, sender, pull_request: closedOne };
}
