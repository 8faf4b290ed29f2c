import type { World } from "../world/world.ts";

/** What is needed to send one webhook, any number of times. */
export interface Recipe {
  readonly guid: string;
  readonly event: string;
  readonly action: string | undefined;
  /** The signed bytes. */
  readonly body: Buffer;
  readonly installationId: number;
  readonly repositoryId: number | undefined;
  readonly redelivery: boolean;
}

/** How one attempt went, as GitHub's log shows it. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | undefined;
  /** `OK` or what went wrong. */
  readonly status: string;
  /** The receiver's HTTP status; 502 when it could not be reached, 504 when it took more than ten seconds. */
  readonly statusCode: number;
  readonly redelivery: boolean;
  readonly deliveredAt: number;
  /** Seconds. */
  readonly duration: number;
  readonly recipe: Recipe;
}

export interface Attempt {
  readonly statusCode: number;
  readonly status: string;
  readonly duration?: number;
}

/** Writes an attempt down. */
export function recordOf(world: World, recipe: Recipe, attempt: Attempt): Delivery {
  const { guid, event, action, redelivery } = recipe;
  const id = world.ids.next("delivery");
  return { id, guid, event, action, redelivery, deliveredAt: world.clock(), duration: 0, recipe, ...attempt };
}

/** The payload as an object. */
export function payloadOfDelivery(delivery: Delivery): Readonly<Record<string, unknown>> {
  return JSON.parse(delivery.recipe.body.toString()) as Record<string, unknown>;
}
