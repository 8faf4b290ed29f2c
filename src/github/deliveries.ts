import { z } from "zod";
import { absentOr, time } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { anything } from "./request.ts";

/** A webhook that never reached us. */
export interface FailedDelivery {
  /** Of the last attempt. A string: these ids exceed what a JavaScript number can hold. */
  readonly id: string;
  /** The same for every attempt at one webhook. */
  readonly guid: string;
  readonly event: string;
  readonly action: string | undefined;
  readonly deliveredAt: number;
}

export interface DeliveryCalls {
  failedDeliveries(sinceMs: number): Promise<readonly FailedDelivery[]>;
  redeliver(id: string): Promise<void>;
}

const deliverySchema = z.object({
  id: z.union([z.number(), z.bigint()]).transform(String),
  guid: z.string().min(1),
  delivered_at: time,
  status_code: z.number(),
  event: z.string(),
  action: absentOr(z.string()),
});
type Delivery = z.infer<typeof deliverySchema>;

/** GitHub keeps three days; at 100 a page this is more than an app that keeps up ever sees. */
const maxPages = 100;

export function createDeliveryCalls(gateway: Gateway): DeliveryCalls {
  return {
    failedDeliveries: async (sinceMs) => failuresAmong(await readSince(gateway, sinceMs)),
    async redeliver(id) {
      await gateway.asApp({
        name: "redeliver",
        schema: anything,
        // The parameter only fills in the URL, where more digits than a number can hold do no harm.
        send: (octokit) => octokit.rest.apps.redeliverWebhookDelivery({ delivery_id: id as unknown as number }),
      });
    },
  };
}

/** Newest first, as GitHub lists them; this is the one list that pages by cursor. */
async function readSince(gateway: Gateway, sinceMs: number): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= maxPages; page += 1) {
    const from = cursor === undefined ? {} : { cursor };
    const { value, next } = await gateway.asApp({
      name: "list deliveries",
      schema: z.array(deliverySchema),
      send: (octokit) => octokit.rest.apps.listWebhookDeliveries({ per_page: 100, ...from }),
    });
    deliveries.push(...value.filter((each) => each.delivered_at >= sinceMs));
    cursor = next?.searchParams.get("cursor") ?? undefined;
    if (cursor === undefined || value.some((each) => each.delivered_at < sinceMs)) break;
  }
  return deliveries;
}

/** One entry per webhook of which no attempt succeeded: the newest attempt. */
function failuresAmong(newestFirst: readonly Delivery[]): readonly FailedDelivery[] {
  const arrived = newestFirst.filter((each) => each.status_code >= 200 && each.status_code < 300);
  const settled = new Set(arrived.map((each) => each.guid));
  const failures: FailedDelivery[] = [];
  for (const { id, guid, event, action, delivered_at } of newestFirst) {
    if (settled.has(guid)) continue;
    settled.add(guid);
    failures.push({ id, guid, event, action, deliveredAt: delivered_at });
  }
  return failures;
}
