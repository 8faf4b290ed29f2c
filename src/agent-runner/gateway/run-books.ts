import type { Tokens } from "./meter-reading.ts";
import type { Refusal } from "./refusal.ts";
import type { GivenUp, ModelCaps, ModelTrouble, ModelTroubleClass, ModelUsage } from "./types.ts";

/** What an answer used: as the provider told it, or about as much when it did not come to that. */
export type Spent =
  | { readonly kind: "told"; readonly tokens: Tokens }
  /** Weighs on the cap only, so that hanging up early is no way around it; the usage stays what was told. */
  | { readonly kind: "untold"; readonly about: number }
  | { readonly kind: "nothing" };

/** The end of one admitted request. Only the first word counts. */
export interface Entry {
  readonly well: (spent: Spent) => void;
  readonly failed: (trouble: ModelTrouble, spent: Spent) => void;
  /** The agent hung up: nobody's trouble. */
  readonly left: (spent: Spent) => void;
}

export interface RunBooks {
  /** Counts a request before anything of it is sent, so that requests at the same time cannot pass the cap. */
  readonly admit: () =>
    | { readonly kind: "entry"; readonly entry: Entry }
    | { readonly kind: "refused"; readonly refusal: Refusal };
  readonly usage: () => ModelUsage;
  readonly trouble: () => ModelTrouble | undefined;
  readonly givenUp: AbortSignal;
}

/** Waiting does not mend these, and the second time tells that it was no accident. */
const hopeless: ReadonlySet<ModelTroubleClass> = new Set(["auth", "quota", "overflow", "request"]);
const hopelessInRow = 2;
const silentInRow = 3;
const failuresInRow = 10;

/** The books of one run: requests, tokens, troubles, and when to give up. Pure but for the signal. */
export function openBooks(caps: ModelCaps): RunBooks {
  const givenUp = new AbortController();
  let usage: ModelUsage = { requests: 0, failures: 0, input: 0, cachedInput: 0, output: 0 };
  let untold = 0;
  let trouble: ModelTrouble | undefined;
  let failures = 0;
  let alike = 0;

  const giveUp = (reason: GivenUp) => {
    if (!givenUp.signal.aborted) givenUp.abort(reason);
  };

  const spend = (spent: Spent) => {
    if (spent.kind === "untold") untold += spent.about;
    if (spent.kind !== "told") return;
    const { input, cachedInput, output } = spent.tokens;
    usage = {
      ...usage,
      input: usage.input + input,
      cachedInput: usage.cachedInput + cachedInput,
      output: usage.output + output,
    };
  };

  const fail = (next: ModelTrouble) => {
    usage = { ...usage, failures: usage.failures + 1 };
    failures += 1;
    alike = trouble?.class === next.class ? alike + 1 : 1;
    trouble = next;
    const enough = hopeless.has(next.class) ? hopelessInRow : next.class === "silent" ? silentInRow : failuresInRow;
    if (alike >= enough || failures >= failuresInRow) giveUp({ kind: "trouble", trouble: next });
  };

  const succeed = () => {
    failures = 0;
    trouble = undefined;
  };

  const openEntry = (): Entry => {
    let open = true;
    const finish = (spent: Spent, outcome: () => void) => {
      if (!open) return;
      open = false;
      spend(spent);
      outcome();
    };
    return {
      well: (spent) => finish(spent, succeed),
      failed: (next, spent) => finish(spent, () => fail(next)),
      left: (spent) => finish(spent, () => {}),
    };
  };

  const admit: RunBooks["admit"] = () => {
    if (usage.requests >= caps.requests) giveUp({ kind: "cap", which: "requests" });
    else if (usage.input + usage.output + untold >= caps.tokens) giveUp({ kind: "cap", which: "tokens" });
    if (givenUp.signal.aborted) return { kind: "refused", refusal: refusalOf(givenUp.signal.reason) };
    usage = { ...usage, requests: usage.requests + 1 };
    return { kind: "entry", entry: openEntry() };
  };

  return { admit, usage: () => usage, trouble: () => trouble, givenUp: givenUp.signal };
}

function refusalOf(reason: GivenUp): Refusal {
  if (reason.kind === "cap") {
    return { status: 403, code: "budget_exceeded", message: `This run has used up its ${reason.which}.` };
  }
  return { status: 403, code: "run_given_up", message: `This run is served no more: ${reason.trouble.detail}` };
}
