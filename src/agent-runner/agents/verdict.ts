import { failed, interruptionOf } from "../bench.ts";
import type { GivenUp, ModelTrouble } from "../gateway/types.ts";
import type { CommandEnd } from "../sandbox/protocol.ts";
import type { Interruption, ModelFailure } from "../types.ts";
import type { TurnEnd } from "./acp-client.ts";
import type { SessionFailure } from "./acp-messages.ts";
import type { AgentEnd } from "./agent.ts";

/** Everything that is known about an agent's turn when it is over. */
export interface Findings {
  readonly signal: AbortSignal;
  readonly end: CommandEnd;
  /** Undefined when the agent was gone, or was ended, before it answered. */
  readonly turn: TurnEnd | undefined;
  readonly givenUp: GivenUp | undefined;
  /** The gateway's trouble at the moment the turn was over. */
  readonly trouble: ModelTrouble | undefined;
  readonly flooded: boolean;
}

/**
 * What an agent's turn came to. Whoever saw it himself goes first: the person who stopped it, the gateway, the
 * sandbox's limits; only then what the agent says, and last how its process ended (agents.md §2.3, §3.2: an agent may
 * answer "done" although its provider refused it, and exit with 0 whatever happened).
 */
export function verdictOn({ signal, end, turn, givenUp, trouble, flooded }: Findings): AgentEnd {
  if (signal.aborted) return { kind: "stopped" };
  if (givenUp?.kind === "cap") return { kind: "limit", which: givenUp.which };
  if (givenUp?.kind === "trouble") return modelFailed(givenUp.trouble);
  if (end.kind === "limit") {
    // Waiting for a provider that does not answer is silence, and uses up the time.
    const waiting = end.which === "idle" || end.which === "minutes";
    return waiting && trouble ? modelFailed(trouble) : interruptionOf(end, signal);
  }
  if (end.kind === "broken") return interruptionOf(end, signal);
  if (flooded) return crashed("The agent asked more than it can be answered.", end.tail);
  if (trouble) return modelFailed(trouble);
  if (turn === undefined)
    return crashed(`The agent ended with exit code ${end.code} before its turn was over.`, end.tail);
  if (turn.kind === "error") {
    if (turn.code === authRequired) return failed("model_auth", turn.message);
    return crashed(`The agent failed: ${turn.message}`, end.tail);
  }
  if (turn.failure?.severity === "error") return sessionFailed(turn.failure);
  if (turn.reason === "refusal") return failed("bad_result", "The model refused to go on.");
  if (turn.reason !== "end_turn") return crashed(`The agent ended its turn early: ${turn.reason}.`, end.tail);
  return { kind: "done", blockedHosts: end.blockedHosts };
}

/** ACP's code for "log in first". */
const authRequired = -32000;

function modelFailed({ class: which, detail }: ModelTrouble): Interruption {
  return failed(`model_${which}`, detail);
}

const classOf: ReadonlyMap<string | undefined, ModelFailure> = new Map([
  ["connection", "model_unavailable"],
  ["service", "model_unavailable"],
  ["limit", "model_rate"],
  ["request", "model_request"],
]);

function sessionFailed({ category, title }: SessionFailure): Interruption {
  return failed(classOf.get(category) ?? "agent_crashed", (title ?? "The agent gave no reason.").slice(0, 2000));
}

function crashed(what: string, tail: string): Interruption {
  return failed("agent_crashed", `${what.slice(0, 4000)}\n${tail}`.trim());
}
