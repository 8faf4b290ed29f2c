import { fencedBlock, publishText } from "../../text/publish-text.ts";
import { assertNever } from "../domain/decision.ts";
import type { Message } from "../domain/message.ts";
import { circlingText } from "./circling.ts";
import { failureText } from "./failures.ts";
import { answersText } from "./ledger.ts";
import { refusalText } from "./refusals.ts";

/** Code points; a comment stays one comment (security.md T34). */
const maxText = 20_000;
const maxReason = 1_000;
const maxDetail = 6_000;

/** A command people can give, for the help text. */
export interface CommandHelp {
  readonly usage: string;
  readonly meaning: string;
}

/** A new comment. It mentions the person it is for, because an edited comment notifies nobody (product.md §2). */
export function renderMessage(message: Message, commands: readonly CommandHelp[]): string {
  if (message.kind === "answers") return answersText(message.rows);
  const to = `@${message.to.login}`;
  switch (message.kind) {
    case "refusal":
      return `${message.to.type === "Bot" ? `\`${message.to.login}\`` : to}: ${refusalText(message.refusal)}`;
    case "help":
      return [
        `${to}, these commands work as the first line of a new comment:`,
        "",
        ...commands.map((command) => `- \`${command.usage}\`: ${command.meaning}`),
      ].join("\n");
    case "seen":
      return `👀 \`${message.to.login}\`'s command in the review: seen.`;
    case "question":
      return [
        `${to}, the agent needs an answer before it can go on:`,
        "",
        quote(publishText(message.question, maxText)),
        "",
        "Answer in a comment, then post `/agent run`.",
      ].join("\n");
    case "nothing_to_change":
      return [
        `${to}, the agent found nothing to change:`,
        "",
        quote(publishText(message.reason, maxText)),
        "",
        "If that is wrong, say what is missing after `/agent run`.",
      ].join("\n");
    case "blocked":
      return [
        `${to}, the gate refused the agent's changes, and nothing was pushed:`,
        "",
        ...message.reasons.slice(0, 20).map((reason) => `- ${publishText(reason, maxReason)}`),
        "",
        ...(message.kept === "as_patch"
          ? [`The work is kept as a patch for the operator (run \`${message.run}\`).`]
          : []),
        "Change the policy or the issue, then post `/agent run`.",
      ].join("\n");
    case "circling":
      return circlingText(message);
    case "resolution_refused":
      return `${to}, GitHub does not let me resolve review threads here (${publishText(message.reason, maxReason)}). My answers stand in the threads; accept the App's new permissions (contents: write), or resolve them yourself.`;
    case "limit_reached":
      return `${to}, the run was ended at its limit (${limitText(message.which)}). Cut the issue smaller or raise the limit, then post \`/agent run\`.`;
    case "failed": {
      const text = failureText(message.class);
      return [
        `${to}, this run failed. ${text.what}`,
        "",
        ...(message.detail ? [fencedBlock(message.detail.slice(-maxDetail)), ""] : []),
        `Next: ${text.remedy}`,
      ].join("\n");
    }
    default:
      return assertNever(message);
  }
}

function limitText(which: string): string {
  switch (which) {
    case "minutes":
      return "working time";
    case "idle":
      return "no sign of life";
    case "requests":
      return "requests to the model";
    case "tokens":
      return "tokens";
    default:
      return which;
  }
}

function quote(text: string): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n");
}
