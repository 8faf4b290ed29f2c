import { assertNever } from "../domain/decision.ts";
import type { FailureClass } from "../domain/task.ts";

/** What happened and what to do next, per class of failure. */
export interface FailureText {
  readonly what: string;
  readonly remedy: string;
}

/** The sentence pair for a failure; the detail (an output tail, say) is shown beside it. */
export function failureText(failure: FailureClass): FailureText {
  switch (failure) {
    case "agent_missing":
      return {
        what: "The agent program could not be started.",
        remedy: "the operator checks the profile's `command` in baton.yml, then `/agent run`.",
      };
    case "agent_crashed":
      return {
        what: "The agent ended with an error.",
        remedy: "`/agent run` tries again; if it repeats, the operator looks at the run's output.",
      };
    case "setup_failed":
      return {
        what: "The set-up commands failed, so the agent never started.",
        remedy: "mend `setup.run` in `.github/agent.yml` (or the install it runs), then `/agent run`.",
      };
    case "sandbox_unavailable":
      return {
        what: "The sandbox cannot be used on this machine, and no agent runs without one.",
        remedy: "the operator follows the line above, then `/agent run`.",
      };
    case "repository_unreadable":
      return { what: "The repository could not be used.", remedy: "see the reason above, mend it, then `/agent run`." };
    case "lost_worker":
      return {
        what: "The machine that did the work went away too often.",
        remedy: "the operator checks the workers, then `/agent run`.",
      };
    case "publish_refused":
      return {
        what: "GitHub refused the branch or the pull request.",
        remedy: "see the reason above, mend it, then `/agent run`.",
      };
    case "bad_result":
      return {
        what: "The agent changed nothing and left an answer that cannot be read.",
        remedy: "`/agent run` tries again.",
      };
    case "internal":
      return {
        what: "Something went wrong inside the app.",
        remedy: "the operator looks at the log; `/agent run` tries again.",
      };
    default:
      return assertNever(failure);
  }
}
