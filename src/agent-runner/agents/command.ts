import { findAgentProgram } from "../agent-program.ts";
import { failed, interruptionOf } from "../bench.ts";
import { foreignCommand } from "../workspace/commands.ts";
import type { AgentEnd, Engaged, Shift } from "./agent.ts";

/**
 * The driver for any program: the prompt on its standard input, its output lines for people, exit code 0 for done.
 * `hidden` are paths it may not see even where they lie beside the program.
 */
export async function engageCommand(command: readonly string[], hidden: readonly string[]): Promise<Engaged> {
  const program = await findAgentProgram(command, hidden);
  if (program.kind === "missing") return { kind: "refused", why: failed("agent_missing", program.detail) };
  const [file = "", ...args] = command;
  return {
    kind: "ready",
    agent: {
      reads: program.reads,
      network: [],
      files: [],
      work: (shift) => runToItsEnd(shift, [file, ...args]),
      usage: () => undefined,
      dismiss: () => {},
    },
  };
}

async function runToItsEnd(shift: Shift, argv: readonly [string, ...string[]]): Promise<AgentEnd> {
  const { bench, listener, prompt, order } = shift;
  const end = await bench.openBox.run(foreignCommand(bench, { ...order, argv, stdin: prompt }));
  if (end.kind !== "exited") return interruptionOf(end, listener.signal);
  if (listener.signal.aborted) return { kind: "stopped" };
  if (end.code !== 0) return failed("agent_crashed", `The agent ended with exit code ${end.code}.\n${end.tail}`.trim());
  return { kind: "done", blockedHosts: end.blockedHosts };
}
