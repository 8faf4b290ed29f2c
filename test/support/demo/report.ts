import type { Played } from "./play.ts";
import type { Stage } from "./stage.ts";

/** Facts for `--json`, also the source of what people are shown at the end. */
export function reportOf(stage: Stage, played: Played) {
  const { github, repository } = stage;
  const pull = github.pullRequests(repository).find((one) => one.number === played.pullRequest);
  const comments = github.conversation(repository, played.issue);
  return {
    ok: played.problem === undefined,
    seconds: played.seconds,
    issue: played.issue,
    pullRequest: pull && {
      number: pull.number,
      state: pull.state,
      draft: pull.draft,
      headSha: pull.headSha,
      commits: pull.commits,
      title: pull.title,
      body: pull.body,
    },
    comments: comments.map(({ author, body, edited }) => ({ author, body, edited })),
    checks: pull ? github.checks(repository, pull.headSha) : [],
    deliveries: github.deliveries.length,
    githubRequests: { total: github.requests.length, byRoute: byRoute(github.requests) },
    ...(played.story ? { story: played.story } : {}),
    run: { outcome: played.outcome, agent: stage.agent.kind, seconds: played.seconds },
  };
}

/** The pull request as a person reads it. */
export function printPullRequest(report: ReturnType<typeof reportOf>, write: (text: string) => void): void {
  const pull = report.pullRequest;
  if (!pull) return;
  const rule = "─".repeat(78);
  write(
    `\n${rule}\n#${pull.number} ${pull.title}   [${pull.draft ? "draft" : pull.state}]\n${rule}\n${pull.body}\n${rule}\n`,
  );
  for (const check of report.checks) write(`☑ ${check.name}: ${check.conclusion}\n`);
  write(
    `\n${report.seconds} s from label to pull request, ${report.githubRequests.total} requests to GitHub, ${report.deliveries} webhooks.\n`,
  );
}

function byRoute(requests: Stage["github"]["requests"]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const request of requests) {
    counts[request.route] = (counts[request.route] ?? 0) + 1;
  }
  return counts;
}
