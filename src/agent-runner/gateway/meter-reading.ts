import type { Complaint } from "./complaint.ts";

/** Tokens of one answer as the provider counted them. Cached input is part of the input. */
export interface Tokens {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

export interface MeterReading {
  readonly tokens: Tokens | undefined;
  /** `open`: nothing says yet that the answer is whole. */
  readonly verdict: "open" | "well" | Complaint;
  /** Nothing that may still come changes this reading. */
  readonly final: "no" | "yes";
}

export const unread: MeterReading = { tokens: undefined, verdict: "open", final: "no" };

/** Knows one protocol: hears the values of an answer, and tells what they come to. */
export interface Noter {
  readonly event: (value: unknown) => void;
  /** The stream said `[DONE]`. */
  readonly done: () => void;
  /** An answer that was not streamed. */
  readonly whole: (value: unknown) => void;
  /** The answer came to its end, but something in it was too long to be read. */
  readonly unreadable: () => void;
  readonly read: () => MeterReading;
}
