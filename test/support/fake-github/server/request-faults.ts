import type { Json } from "../world/model.ts";

/** Where and how often a fault applies. */
export interface Where {
  /** GitHub's template (`POST /repos/{owner}/{repo}/pulls`), `POST /graphql`, `GIT upload-pack`, `GIT receive-pack` or `*`. */
  readonly route: string;
  /** Before anything was written (the default), or after: then only the answer is lost. */
  readonly when?: "before" | "after";
  /** How many requests it hits; one when left out. */
  readonly times?: number;
}

/** An answer instead of the real one. */
export interface FaultAnswer extends Where {
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

export type RequestFault = { readonly when: "before" | "after" } & (
  | { readonly kind: "answer"; readonly answer: FaultAnswer }
  | { readonly kind: "hang up" }
);

/** What shall go wrong with the next requests. */
export class RequestFaults {
  readonly #planned: { readonly where: Where; readonly fault: RequestFault; left: number }[] = [];

  answer(answer: FaultAnswer): void {
    this.#plan(answer, { kind: "answer", when: answer.when ?? "before", answer });
  }

  hangUp(where: Where): void {
    this.#plan(where, { kind: "hang up", when: where.when ?? "before" });
  }

  /** The fault for a request on this route; each asking uses one of its times. */
  take(route: string): RequestFault | undefined {
    const plan = this.#planned.find((candidate) => candidate.left > 0 && ["*", route].includes(candidate.where.route));
    if (plan === undefined) return undefined;
    plan.left -= 1;
    return plan.fault;
  }

  /** Faults that no request met. */
  unused(): string[] {
    return this.#planned
      .filter((plan) => plan.left > 0)
      .map(({ where, fault, left }) => `${fault.kind} ${where.route} (${left} left)`);
  }

  #plan(where: Where, fault: RequestFault): void {
    this.#planned.push({ where, fault, left: where.times ?? 1 });
  }
}

/** GitHub's answer to somebody who writes too fast. */
export function secondaryLimit(where: Where & { readonly retryAfter: number }): FaultAnswer {
  return {
    ...where,
    status: 403,
    headers: { "retry-after": String(where.retryAfter) },
    body: {
      message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
      documentation_url:
        "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits",
    },
  };
}
