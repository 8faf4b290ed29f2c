import type { RunOutcome } from "../domain/run.ts";
import type { Source } from "../run-ports.ts";
import { type ConductPorts, type RunToConduct, roundOf } from "./work.ts";

/**
 * Brings the mirror up to date and says what the run starts from, or why this repository cannot be worked on. A round
 * over feedback starts from our branch as the remote has it now: what people pushed to it is taken in.
 */
export async function fetchBase(
  ports: ConductPorts,
  run: RunToConduct,
): Promise<{ kind: "ok"; source: Source; baseSha: string } | (RunOutcome & { kind: "failed" })> {
  const { repository } = run.task;
  const at = { repository, installationId: run.task.installationId };
  const { base } = run.order.policy;
  const fetch = async () => {
    const token = await ports.github.token(at, "read");
    const url = ports.github.cloneUrl(repository);
    const branches = { branch: base, agentBranch: run.order.branch };
    const answer = await ports.git.fetchBase({ repositoryId: repository.id, url, token, ...branches });
    if (answer.kind === "refused" && answer.why === "unauthorised") ports.github.forgetToken(token);
    return answer;
  };
  const first = await fetch();
  // A token that died early: one new one, one more try (github.md §4).
  const fetched = first.kind === "refused" && first.why === "unauthorised" ? await fetch() : first;
  if (fetched.kind === "no_such_branch") return unreadable(`There is no branch \`${base}\`.`);
  if (fetched.kind === "refused") return unreadable(fetched.reason);
  if (fetched.kind === "unavailable") return unreadable(`The repository could not be fetched: ${fetched.cause}`);
  const { agentSha } = fetched;
  if (roundOf(run) && agentSha === undefined)
    return unreadable(`The branch \`${run.order.branch}\` of the pull request is gone from the repository.`);
  const sha = (roundOf(run) && agentSha) || fetched.sha;
  const unsupported = await ports.git.unsupported({ repositoryId: repository.id, sha });
  if (unsupported) return unreadable(unsupported);
  const { gitDir, objectDirs } = fetched;
  return { kind: "ok", baseSha: fetched.sha, source: { gitDir, objectDirs, sha, base: sha, branch: run.order.branch } };
}

function unreadable(detail: string): RunOutcome & { kind: "failed" } {
  return { kind: "failed", class: "repository_unreadable", detail };
}
