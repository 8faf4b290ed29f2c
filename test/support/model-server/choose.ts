import type { Asked, Message } from "./protocols/protocol.ts";
import type { Script, Turn, TurnFile } from "./script.ts";
import { captureFrom, fill } from "./template.ts";

/** What a script says to a request. */
export type Choice =
  /** A request without tools is not part of the work: a title, a summary. It uses no turn. */
  | { readonly kind: "aside"; readonly text: string }
  | ChosenTurn
  /** The script has nothing for it, which is a mistake in the test. */
  | { readonly kind: "nothing"; readonly reason: string };

export interface ChosenTurn {
  readonly kind: "turn";
  readonly script: string;
  /** From 0. */
  readonly position: number;
  /** With the captured values in its texts. */
  readonly turn: Turn;
}

/**
 * Chooses the script by the last prompt, and its turn by how many turns the conversation has seen since: the same
 * request always gets the same turn, and nothing has to be remembered.
 */
export function choose({ scripts, aside }: TurnFile, { messages, tools }: Asked): Choice {
  if (tools.length === 0) return { kind: "aside", text: aside };
  const at = messages.findLastIndex((message) => message.role === "user" && !isFromAgent(message.text));
  const prompt = messages[at];
  if (prompt?.role !== "user") return nothing("the request has no prompt");
  const index = scripts.findIndex(({ when = [] }) => when.every((text) => prompt.text.includes(text)));
  const script = scripts[index];
  if (script === undefined) return nothing(`no script for the prompt "${prompt.text.slice(0, 200)}"`);
  return turnOf(script, { name: script.name ?? `scripts[${index}]`, prompt: prompt.text, since: messages.slice(at) });
}

/** The id of a call, from which the turn it belongs to can be read when its result comes back. */
export function callId({ answer, position, suffix }: CallPlace): string {
  return `call_${answer}_t${position}_${suffix}`;
}

export interface CallPlace {
  /** Unique in the server, so that a second prompt in the same conversation uses no id twice. */
  readonly answer: string;
  /** -1 for a call that brings the script no further. */
  readonly position: number;
  readonly suffix: string;
}

function turnOf(
  script: Script,
  { name, prompt, since }: { readonly name: string; readonly prompt: string; readonly since: readonly Message[] },
): Choice {
  const position = turnsSeen(since);
  const turn = script.turns[position];
  if (turn === undefined) return nothing(`${name} has ${script.turns.length} turns and is asked for one more`);
  try {
    const values = captureFrom(prompt, script.capture);
    const { say, run, done, ...rest } = turn;
    const filled = {
      ...(say === undefined ? {} : { say: fill(say, values) }),
      ...(run === undefined ? {} : { run: run.map((command) => fill(command, values)) }),
      ...(done === undefined ? {} : { done: fill(done, values) }),
    };
    return { kind: "turn", script: name, position, turn: { ...rest, ...filled } };
  } catch (cause) {
    return nothing(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Turns whose calls were answered. Text alone does not count: an agent may keep what came before a cut. */
function turnsSeen(messages: readonly Message[]): number {
  const positions = messages.flatMap((message) => {
    const place = message.role === "tool" ? /_t(\d+)_\d+$/.exec(message.callId)?.[1] : undefined;
    return place === undefined ? [] : [Number(place)];
  });
  return Math.max(-1, ...positions) + 1;
}

/** Agents put words of their own into the user's mouth, as one element: `<environment_context>…`. */
function isFromAgent(text: string): boolean {
  return /^\s*<(\w+)[^>]*>[\s\S]*<\/\1>\s*$/.test(text);
}

function nothing(reason: string): Choice {
  return { kind: "nothing", reason };
}
