import type { Family } from "./facts.ts";
import { issueClosed, issueLabel, placeOf, readPayload } from "./payloads.ts";

/**
 * Any label: which one starts runs stands in the repository's policy, and reading that needs the network. The
 * authorisation dismisses the others.
 */
export const issueLabeled: Family = async (payload, { ourselves }) => {
  const read = readPayload(issueLabel, payload);
  const { issue, label, sender } = read;
  if (!sender || sender.id === ourselves.botUserId) return undefined;
  return {
    ...placeOf(read),
    issue: issue.number,
    title: issue.title,
    semanticKey: `${read.repository.id}/issue/${issue.id}/labeled/${label.name}/${issue.updated_at}`,
    event: {
      type: "trigger_received",
      at: issue.updated_at,
      trigger: {
        wish: { verb: "run" },
        source: { kind: "label", label: label.name },
        actor: sender,
        at: issue.updated_at,
        guidance: "",
        issue: { title: issue.title, body: issue.body },
      },
    },
  };
};

/** A removed label; whether it was the one that started something, the task knows. */
export const issueUnlabeled: Family = async (payload, { ourselves }) => {
  const read = readPayload(issueLabel, payload);
  const { issue, label, sender } = read;
  if (!sender || sender.id === ourselves.botUserId) return undefined;
  return {
    ...placeOf(read),
    issue: issue.number,
    title: issue.title,
    semanticKey: `${read.repository.id}/issue/${issue.id}/unlabeled/${label.name}/${issue.updated_at}`,
    event: { type: "label_removed", at: issue.updated_at, label: label.name, actor: sender },
  };
};

/** A closed issue stops its run, whoever closed it. */
export const issueWasClosed: Family = async (payload, { ourselves }) => {
  const read = readPayload(issueClosed, payload);
  const { issue, sender } = read;
  if (!sender || sender.id === ourselves.botUserId) return undefined;
  return {
    ...placeOf(read),
    issue: issue.number,
    title: issue.title,
    semanticKey: `${read.repository.id}/issue/${issue.id}/closed/${issue.updated_at}`,
    event: { type: "issue_closed", at: issue.closed_at ?? issue.updated_at, actor: sender },
  };
};
