import { type Choice, callId } from "./choose.ts";
import type { Fault } from "./faults.ts";
import type { Answer, Asked, ToolCall, Usage } from "./protocols/protocol.ts";
import { pollCalls, shellCall } from "./shell-tools.ts";

export interface AnswerOrder {
  /** Unique in the server. */
  readonly id: string;
  readonly asked: Asked;
  readonly choice: Exclude<Choice, { readonly kind: "nothing" }>;
  readonly fault: Fault | undefined;
}

/**
 * What the model says: its turn, or what a fault makes of it.
 *
 * @throws Error when the turn wants a command and the request offers no known shell tool
 */
export function answerFor({ id, asked, choice, fault }: AnswerOrder): Answer {
  if (choice.kind === "aside")
    return { id, text: choice.text, calls: [], usage: { input: 100, cached: 0, output: 10 } };
  const { position, turn } = choice;
  const usage = turn.usage ?? usualUsage(position);
  if (fault?.kind === "huge") return { id, text: hugeText(fault.characters), calls: [], usage };
  if (fault?.kind === "endless") return { id, text: undefined, calls: calls([fault.run], -1), usage };
  return { id, text: turn.say ?? turn.done, calls: calls(turn.run ?? [], position), usage };

  function calls(commands: readonly string[], ofTurn: number): readonly ToolCall[] {
    return commands.map((command, index) => {
      const place = { answer: id, position: ofTurn, suffix: String(index) };
      const call = shellCall(callId(place), command, asked.tools);
      if (call === undefined) throw new Error(`no shell tool among ${asked.tools.map(({ name }) => name).join(", ")}`);
      return call;
    });
  }
}

/** Asks for the rest of the commands that have not ended yet; undefined when all have. */
export function pollFor(id: string, asked: Asked, position: number): Answer | undefined {
  const calls = pollCalls(asked, (index) => callId({ answer: id, position: -1, suffix: String(index) }));
  return calls.length === 0 ? undefined : { id, text: undefined, calls, usage: usualUsage(position) };
}

/** Round figures that a test can add up: every turn sends what came before it, and that is in the cache. */
function usualUsage(position: number): Usage {
  return { input: 1000 * (position + 1), cached: 1000 * position, output: 100 };
}

function hugeText(characters: number): string {
  const line = "All work and no play makes a long answer.\n";
  return line.repeat(Math.ceil(characters / line.length)).slice(0, characters);
}
