import type { Family } from "./facts.ts";
import { placeOf, pullRequestLabel, readPayload } from "./payloads.ts";

/**
 * A label on a pull request starts nothing. Whether it is the trigger label, and so deserves that answer, only the
 * policy tells: the authorisation refuses or dismisses it.
 */
export const pullRequestLabeled: Family = async (payload, { ourselves }) => {
  const read = readPayload(pullRequestLabel, payload);
  const { pull_request: pullRequest, label, sender } = read;
  if (!sender || sender.id === ourselves.botUserId) return undefined;
  return {
    ...placeOf(read),
    issue: pullRequest.number,
    title: pullRequest.title,
    semanticKey: `${read.repository.id}/pull/${pullRequest.id}/labeled/${label.name}/${pullRequest.updated_at}`,
    event: {
      type: "trigger_received",
      at: pullRequest.updated_at,
      trigger: {
        wish: { verb: "run" },
        source: { kind: "label", label: label.name },
        actor: sender,
        at: pullRequest.updated_at,
        guidance: "",
        issue: { title: pullRequest.title, body: pullRequest.body },
      },
    },
  };
};
