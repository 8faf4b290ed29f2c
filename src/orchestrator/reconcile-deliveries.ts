import { longestMemoryMs, overlapMs, type Pass } from "./reconcile-pass.ts";
import type { FailedDelivery } from "./reconcile-ports.ts";
import { knownDeliveries } from "./store/deliveries.ts";
import { countRedelivery, forgetRedeliveries, readWatermark, saveWatermark } from "./store/looks.ts";

/** More wait for the next pass. */
const mostPerPass = 50;
/** A webhook that we cannot take in would otherwise come back for ever: each attempt is a new entry in GitHub's log. */
const mostAttempts = 5;

/**
 * Asks GitHub to send again what failed to arrive since the last look. The delivery id stays the same, so that one which
 * did arrive after all changes nothing.
 */
export async function redeliverFailed(pass: Pass): Promise<void> {
  const { store, github, log, counts, startedAt } = pass;
  const last = await readWatermark(store.db, "deliveries");
  const since = last === undefined ? startedAt - longestMemoryMs : last - overlapMs;
  const missing = await missingAmong(pass, await github.failedDeliveries(since));
  for (const failed of missing.slice(0, mostPerPass)) {
    const attempts = await countRedelivery(store.db, failed.guid, startedAt);
    const fields = { delivery: failed.guid, event: failed.event, action: failed.action, attempts };
    if (attempts > mostAttempts) {
      log.error(fields, "webhook given up: it fails whenever GitHub sends it");
      continue;
    }
    await github.redeliver(failed.id);
    counts.redelivered += 1;
    log.info(fields, "webhook asked for again");
  }
  await saveWatermark(store.db, "deliveries", missing[mostPerPass]?.deliveredAt ?? startedAt);
  await forgetRedeliveries(store.db, startedAt - longestMemoryMs);
}

/** Failures that our inbox does not know, oldest first. */
async function missingAmong(pass: Pass, failed: readonly FailedDelivery[]): Promise<readonly FailedDelivery[]> {
  const guids = failed.map((each) => each.guid);
  const known = await knownDeliveries(pass.store.db, guids);
  return failed.filter((each) => !known.has(each.guid)).toSorted((one, other) => one.deliveredAt - other.deliveredAt);
}
