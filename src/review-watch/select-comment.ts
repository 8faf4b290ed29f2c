import { converse } from "./conversation.ts";
import { mentions } from "./mentions.ts";
import type { RawComment } from "./raw-feedback.ts";
import type { Selected } from "./selected.ts";
import type { FeedbackContext } from "./who-counts.ts";

/**
 * A comment in the conversation. People are answered when they mention the app, or when a writer let them in; a bot
 * that is listened to here is always answered. The rest rides along.
 */
export function selectComment(comment: RawComment, context: FeedbackContext): Selected {
  const { feedback, leftOut, removed } = converse(
    { writings: [{ ...comment, surface: "comment", visibleAt: comment.createdAt }], state: "open" },
    context,
  );
  if (!feedback) return { items: [], changesRequested: "no", leftOut, removed };
  const { said, admitted } = feedback;
  const isForUs = said.from === "bot" || admitted === "by a writer" || mentions(comment.body, context.slug);
  const item = {
    ...said,
    id: `comment-${comment.id}`,
    surface: "comment" as const,
    owed: isForUs ? ("answer" as const) : ("context" as const),
  };
  return { items: [item], changesRequested: "no", leftOut, removed };
}
