export type StoreErrorCode =
  | "DATABASE_UNAVAILABLE"
  | "DATABASE_UNREACHABLE_FOR_USER"
  | "DATABASE_BINARIES_MISSING"
  | "DATABASE_SETUP_FAILED"
  | "SCHEMA_FAILED"
  | "STALE_TASK"
  | "LOST_CLAIM";

/** Something that no caller can expect. `code` is stable; the message tells an operator what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.code = code;
  }
}

/**
 * The run or effect was taken away from this worker (its lease lapsed, it was cancelled, or it ended elsewhere).
 * Thrown inside the transaction, so that nothing the late worker wanted to write is kept.
 */
export class LostClaim extends StoreError {
  constructor(what: string) {
    super("LOST_CLAIM", `${what} is no longer held by this worker`);
    this.name = "LostClaim";
  }
}
