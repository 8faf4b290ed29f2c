import { oneLine, plainText } from "../../text/publish-text.ts";
import type { RunOrder } from "../domain/run.ts";
import type { Actor } from "../domain/trigger.ts";

/** What a commit message is made of. */
export interface CommitFacts {
  readonly title: string;
  readonly summary: string;
  readonly run: string;
  readonly order: RunOrder;
}

/** The agent's words, cleaned, then the trailers that say who asked and which run made it (security.md T41). */
export function commitMessage(facts: CommitFacts): string {
  const { requestedBy } = facts.order;
  const body = facts.summary ? [plainText(facts.summary, 5_000), ""] : [];
  return [
    oneLine(facts.title, 72),
    "",
    ...body,
    `Baton-Run: ${facts.run}`,
    `Requested-by: ${requestedBy.login}`,
    `Co-authored-by: ${requestedBy.login} <${noReplyAddress(requestedBy)}>`,
    "",
  ].join("\n");
}

/** GitHub's private address of an account; it links a commit to the person without revealing their mail. */
export function noReplyAddress(actor: Pick<Actor, "id" | "login">): string {
  return `${actor.id}+${actor.login}@users.noreply.github.com`;
}
