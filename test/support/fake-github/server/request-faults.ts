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

/** A request that meets a fault, as far as a test may want to know it. */
export interface MetRequest {
  readonly route: string;
  /** The path with its query. */
  readonly path: string;
  /** What was sent; undefined for git and for requests without a body. */
  readonly body: Json | undefined;
}

/** Something to do when a request comes; the request itself is then answered as ever. */
export interface RunAt extends Where {
  /** Which requests on that route; all of them when left out. */
  readonly only?: (request: MetRequest) => boolean;
}

/** May take its time: the request waits for it. */
export type Interlude = (request: MetRequest) => void | Promise<void>;

export type RequestFault = { readonly when: "before" | "after" } & (
  | { readonly kind: "answer"; readonly answer: FaultAnswer }
  | { readonly kind: "hang up" }
  | { readonly kind: "run"; readonly interlude: Interlude }
);

interface Plan {
  readonly where: RunAt;
  readonly fault: RequestFault;
  left: number;
}

/** What shall go wrong with the next requests. */
export class RequestFaults {
  #planned: Plan[] = [];

  answer(answer: FaultAnswer): void {
    this.#plan(answer, { kind: "answer", when: answer.when ?? "before", answer });
  }

  hangUp(where: Where): void {
    this.#plan(where, { kind: "hang up", when: where.when ?? "before" });
  }

  run(where: RunAt, interlude: Interlude): void {
    this.#plan(where, { kind: "run", when: where.when ?? "before", interlude });
  }

  /** From now on all goes well. */
  clear(): void {
    this.#planned = [];
  }

  /** The fault for this request; each asking uses one of its times. */
  take(request: MetRequest): RequestFault | undefined {
    const plan = this.#planned.find(
      ({ where: { route, only }, left }) =>
        left > 0 && ["*", request.route].includes(route) && (only?.(request) ?? true),
    );
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

  #plan(where: RunAt, fault: RequestFault): void {
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
