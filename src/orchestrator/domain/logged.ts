import type { Event } from "./event.ts";

/**
 * An event as the decision log keeps it for good. A reading of a pull request may be megabytes of other people's words:
 * what was weighed is told by item and version, the words stay in GitHub.
 */
export function logged(event: Event): object {
  if (event.type !== "feedback_read") return event;
  const { items, snapshot, policy, ...reading } = event.reading;
  const weighed = items.map(({ id, version, owed }) => `${id}@${version} ${owed}`);
  return { ...event, reading: { ...reading, snapshot: snapshot.hash, review: policy.review, items: weighed } };
}
