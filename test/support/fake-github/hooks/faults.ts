import type { Recipe } from "./delivery.ts";

/** Which webhooks a fault is for; what is left out fits all. */
export interface WebhookMatch {
  readonly event?: string;
  readonly action?: string;
}

/** A webhook that was taken off its way. */
export interface HeldWebhook {
  /** Resolves when a webhook was held. */
  readonly arrived: Promise<void>;
  /** Sends it now, after everything that went by. */
  readonly release: () => void;
}

type Fault =
  | { readonly kind: "drop" | "duplicate"; readonly match: WebhookMatch }
  | { readonly kind: "delay"; readonly match: WebhookMatch; readonly hold: (send: () => void) => void };

/** What shall go wrong with the next webhooks. Each fault is used once. */
export class WebhookFaults {
  #planned: Fault[] = [];

  drop(match: WebhookMatch): void {
    this.#planned.push({ kind: "drop", match });
  }

  duplicate(match: WebhookMatch): void {
    this.#planned.push({ kind: "duplicate", match });
  }

  delay(match: WebhookMatch): HeldWebhook {
    const arrival = Promise.withResolvers<void>();
    let send: (() => void) | undefined;
    const hold = (sendIt: () => void): void => {
      send = sendIt;
      arrival.resolve();
    };
    this.#planned.push({ kind: "delay", match, hold });
    return {
      arrived: arrival.promise,
      release: () => {
        if (send === undefined) throw new Error("no webhook was held yet: await arrived first");
        send();
        send = () => {};
      },
    };
  }

  /** From now on every webhook arrives; those already held stay held. */
  clear(): void {
    this.#planned = [];
  }

  /** The fault for this webhook, used up by asking. */
  take(recipe: Recipe): Fault | undefined {
    const index = this.#planned.findIndex(({ match }) => {
      return (match.event ?? recipe.event) === recipe.event && (match.action ?? recipe.action) === recipe.action;
    });
    return index === -1 ? undefined : this.#planned.splice(index, 1)[0];
  }

  /** Faults that nothing met: a test that planned them proved nothing. */
  unused(): string[] {
    return this.#planned.map(({ kind, match }) => `${kind} ${match.event ?? "*"}.${match.action ?? "*"}`);
  }
}
