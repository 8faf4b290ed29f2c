import type { Json, JsonObject } from "./model.ts";

/** One entry of GitHub's `errors` list in a 422 answer. */
export interface FieldError {
  readonly resource: string;
  readonly code: string;
  readonly field?: string;
  readonly message?: string;
}

/** GitHub says no. REST answers it with its status and body; for a person in a test it is a thrown error. */
export class Refusal extends Error {
  readonly code = "GITHUB_REFUSED";
  readonly status: number;
  /** Of some refusals the entries are plain sentences. */
  readonly errors: readonly (FieldError | string)[];

  constructor(status: number, message: string, errors: readonly (FieldError | string)[] = []) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.errors = errors;
  }

  /** The body GitHub sends with such an answer. */
  toJson(): JsonObject {
    return {
      message: this.message,
      ...(this.errors.length > 0 ? { errors: this.errors as unknown as Json } : {}),
      documentation_url: "https://docs.github.com/rest",
      status: String(this.status),
    };
  }
}

/** 404: it does not exist, or it is hidden from the caller. */
export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}

/** 403: the token lacks a permission. */
export function notAccessible(): Refusal {
  return new Refusal(403, "Resource not accessible by integration");
}

/** 422 with the one field that is wrong. */
export function invalid(error: FieldError): Refusal {
  return new Refusal(422, "Validation Failed", [error]);
}
