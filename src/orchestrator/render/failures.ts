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
    case "model_auth":
      return {
        what: "The model's provider refused the operator's key.",
        remedy: "the operator checks the key and what it may use (`providers` in baton.yml), then `/agent run`.",
      };
    case "model_quota":
      return {
        what: "The account with the model's provider is used up.",
        remedy: "the operator tops it up or changes the profile, then `/agent run`.",
      };
    case "model_rate":
      return {
        what: "The model's provider turned the agent away as too fast, again and again.",
        remedy: "wait a few minutes, then `/agent run`; the operator may lower `limits.total`.",
      };
    case "model_overflow":
      return {
        what: "The conversation grew longer than the model takes.",
        remedy: "cut the issue smaller, or let the operator choose a model with a larger context, then `/agent run`.",
      };
    case "model_request":
      return {
        what: "The model's provider did not understand the request.",
        remedy: "the operator checks the profile's `model` and the provider's `baseUrl` and `api`, then `/agent run`.",
      };
    case "model_unavailable":
      return {
        what: "The model's provider could not be reached or broke off.",
        remedy: "`/agent run` tries again; if it repeats, the operator checks the provider.",
      };
    case "model_silent":
      return {
        what: "The model's provider stopped answering.",
        remedy: "`/agent run` tries again; if it repeats, the operator checks the provider.",
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
