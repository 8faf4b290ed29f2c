import { oneLine } from "../../text/publish-text.ts";
import { assertNever } from "../domain/decision.ts";
import type { Refusal } from "../domain/trigger.ts";

/** Why nothing was started and what to do next: one or two sentences per refusal. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case "permission":
      return `only people with write access can start or steer an agent here, and you have \`${refusal.has}\`. Ask a maintainer to label the issue.`;
    case "bot":
      return "bots cannot give commands. A person with write access can.";
    case "edited_command":
      return "an edited comment never runs a command. Post it as a new comment.";
    case "quoted_command":
      return "that command stands in a quote, code, a heading or a list, so it was not run. Post it as the first line of a new comment.";
    case "unknown_command":
      return `\`/agent ${oneLine(refusal.word, 40)}\` is not a command. \`/agent help\` lists them.`;
    case "bad_argument":
      return `${oneLine(refusal.detail, 200)} Usage: \`${refusal.usage}\`.`;
    case "bad_config":
      return badConfig(refusal);
    case "unknown_profile":
      return `there is no profile \`${oneLine(refusal.profile, 50)}\`. Known profiles: ${refusal.known.map((name) => `\`${name}\``).join(", ")}.`;
    case "edited_by_stranger":
      return `\`${refusal.login}\`, who has no write access, edited this issue ${refusal.seconds} s before your request. Read it again, then ask again.`;
    case "already_running":
      return "a run is already under way here; the status comment tells how far it is. `/agent stop` ends it.";
    case "pull_request_open":
      return `#${refusal.number} is still open for this issue. Close it to start over.`;
    case "nothing_to_stop":
      return "nothing is running here.";
    case "no_pull_request":
      return "there is no open pull request of mine for this issue. `/agent run` on the issue starts one.";
    case "nothing_pending":
      return "every review point has its answer; nothing is waiting. Write what is missing as a review comment.";
    case "not_paused":
      return "automatic rounds are not paused here.";
    case "issue_closed":
      return "this issue is closed. Reopen it first.";
    case "label_on_pull_request":
      return "the label works on issues only; on a pull request it does nothing.";
    case "command_not_here":
      return `that command works on ${refusal.where === "issue" ? "an issue" : "a pull request of mine"} only.`;
    case "unsupported_repository":
      return `${oneLine(refusal.reason, 300)}`;
    default:
      return assertNever(refusal);
  }
}

function badConfig(refusal: Refusal & { kind: "bad_config" }): string {
  const problems = refusal.problems.slice(0, 10).map((problem) => `- ${oneLine(problem, 300)}`);
  return [
    `\`${refusal.file}\` cannot be used, so nothing was started:`,
    "",
    ...problems,
    "",
    "Mend it on the default branch, then ask again.",
  ].join("\n");
}
