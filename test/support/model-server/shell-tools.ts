import { z } from "zod";
import type { Asked, OfferedTool, ToolCall } from "./protocols/protocol.ts";

/**
 * Every agent offers its model a tool that runs a shell command, each under a name and with arguments of its own. What
 * is written here was read off what the agents themselves send.
 */

/** Names of shell tools, the one to use first. */
const names = ["exec_command", "shell_command", "shell", "bash", "Bash", "run_shell_command"];
/** What such a tool calls its command. */
const commandKeys = ["cmd", "command"];
/** codex gives a command no more than this, then says that it is still running. Milliseconds. */
const longestYield = 30_000;
const longestPoll = 300_000;

const schema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ type: z.unknown() })),
  required: z.array(z.string()).default([]),
});

/** The call that runs a command with the shell tool a request offers. Undefined when it offers none. */
export function shellCall(id: string, command: string, tools: readonly OfferedTool[]): ToolCall | undefined {
  const tool = names.map((name) => tools.find((one) => one.name === name)).find((one) => one !== undefined);
  const read = schema.safeParse(tool?.parameters);
  if (tool === undefined || !read.success) return undefined;
  const { properties, required } = read.data;
  const key = commandKeys.find((one) => one in properties);
  if (key === undefined) return undefined;
  const value = properties[key]?.type === "array" ? ["bash", "-c", command] : command;
  const wordy = required.filter((one) => one !== key && properties[one]?.type === "string");
  const patience = "yield_time_ms" in properties ? { yield_time_ms: longestYield } : {};
  return {
    id,
    name: tool.name,
    arguments: { [key]: value, ...Object.fromEntries(wordy.map((one) => [one, "A step of the script"])), ...patience },
  };
}

/**
 * codex says of a command that takes long that it goes on, and wants to be asked again. The calls that ask, for the
 * results the model saw last; none when everything has ended.
 */
export function pollCalls({ messages, tools }: Asked, id: (index: number) => string): readonly ToolCall[] {
  if (!tools.some(({ name }) => name === "write_stdin")) return [];
  const last = messages.slice(messages.findLastIndex(({ role }) => role !== "tool") + 1);
  return last.flatMap((result, index): ToolCall[] => {
    if (result.role !== "tool") return [];
    const [head = ""] = result.text.split("\nOutput:\n"); // below it a command may say what it likes
    const session = /^Process running with session ID (\d+)$/m.exec(head)?.[1];
    if (session === undefined) return [];
    return [
      {
        id: id(index),
        name: "write_stdin",
        arguments: { session_id: Number(session), chars: "", yield_time_ms: longestPoll },
      },
    ];
  });
}
