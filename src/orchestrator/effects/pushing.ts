import { assertNever } from "../domain/decision.ts";
import type { RunRef } from "../ports.ts";
import type { EffectContext, PublishableRun } from "./effect-context.ts";
import { InDoubt, Refused } from "./failure.ts";

/** A run's commit on its way to the remote. */
export interface Pushing {
  readonly context: EffectContext;
  readonly run: PublishableRun;
  readonly ref: RunRef;
  readonly remote: { readonly url: string; readonly token: string };
  /** The run's own commit. */
  readonly headSha: string;
}

/** What to push, and where the branch must be for it; or that everything has arrived. */
export type Step =
  | { readonly kind: "push"; readonly headSha: string; readonly expected: string | undefined }
  | { readonly kind: "arrived"; readonly headSha: string };

/**
 * Fetches our branch, and brings our commit into this run's quarantine.
 *
 * @returns where the branch is on the remote; undefined when there is none
 */
export async function fetchBranch(pushing: Pushing): Promise<string | undefined> {
  const { context, run, ref, remote, headSha } = pushing;
  const { git } = context.ports;
  const { order, bundle } = run;
  const branches = { branch: order.policy.base, agentBranch: order.branch };
  const fetched = await git.fetchBase({ repositoryId: ref.repositoryId, ...remote, ...branches });
  switch (fetched.kind) {
    case "ok": {
      const adopted = await git.adopt({ ...ref, headSha, bundle });
      if (adopted.kind === "ok") return fetched.agentSha;
      const what = order.purpose === "implement" ? "base branch" : `branch \`${order.branch}\``;
      throw new Refused(`The ${what} was rewritten while the agent worked.`);
    }
    case "no_such_branch":
      throw new Refused(`There is no branch \`${order.policy.base}\` any more.`);
    case "refused":
      throw said(pushing, fetched);
    case "unavailable":
      throw new InDoubt("The base branch could not be fetched.", { cause: fetched.cause });
  }
}

/**
 * One push, from exactly the state we expect.
 *
 * @returns `moved` when the branch is elsewhere; nothing was changed then
 */
export async function pushOnce(
  pushing: Pushing,
  what: { readonly branch: string; readonly headSha: string; readonly expected: string | undefined },
): Promise<"there" | "moved"> {
  const { context, ref, remote } = pushing;
  const { at, ports } = context;
  const { branch, headSha, expected } = what;
  await at.beforeWrite();
  const pushed = await ports.git.push({ ...ref, ...remote, branch, headSha, expected });
  switch (pushed.kind) {
    case "pushed":
    case "already":
      return "there";
    case "moved":
      return "moved";
    case "refused":
      throw said(pushing, pushed);
    case "doubt":
      throw new InDoubt("The push was cut off.", { cause: pushed.cause });
    default:
      return assertNever(pushed);
  }
}

/** A new token, or a little time, may help against some refusals. */
function said({ context, remote }: Pushing, { why, reason }: { readonly why: string; readonly reason: string }): Error {
  if (why === "not_found" && context.attempts <= 3) return new InDoubt(reason);
  if (why !== "unauthorised") return new Refused(reason);
  context.ports.github.forgetToken(remote.token);
  return new InDoubt(reason);
}
