import { z } from "zod";
import type { AgentStep } from "../types.ts";

/**
 * What we read of an agent's messages, and no more: everything else is dropped before anything looks at it. An agent may
 * send eight mebibytes of wrong entries, each of which a schema would complain about, so lists are cut before they are
 * checked and a part that is wrong counts as left out.
 */
const word = z.string().max(500);
const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const few = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value.slice(0, 50) : value), z.array(schema));

/** A failure as two adapters type it when the client asks for that (agents.md §3.2). */
const failureSchema = z.object({ category: maybe(word), severity: maybe(word), title: maybe(z.string()) });
export type SessionFailure = z.infer<typeof failureSchema>;

const metaSchema = z.object({ jetbrains: z.object({ air: z.object({ sessionFailure: failureSchema }) }) });

/** The answers to our three requests at once: what of it is there says which it was. */
export const answerSchema = z.object({
  protocolVersion: maybe(z.int()),
  sessionId: maybe(word),
  stopReason: maybe(word),
  _meta: maybe(metaSchema),
});

export const permissionSchema = z.object({
  options: few(z.object({ optionId: word, kind: word })),
  toolCall: maybe(z.object({ title: maybe(z.string()) })),
});
export type PermissionRequest = z.infer<typeof permissionSchema>;

const text = z.object({ text: z.string() });
const tool = {
  toolCallId: word,
  kind: maybe(word),
  title: maybe(z.string()),
  status: maybe(word),
};
const count = z.int().nonnegative();

const updateSchema = z.discriminatedUnion("sessionUpdate", [
  z.object({ sessionUpdate: z.literal("agent_message_chunk"), content: text }),
  z.object({ sessionUpdate: z.literal("agent_thought_chunk"), content: text }),
  z.object({ sessionUpdate: z.literal("tool_call"), ...tool }),
  z.object({ sessionUpdate: z.literal("tool_call_update"), ...tool }),
  z.object({ sessionUpdate: z.literal("plan"), entries: few(z.object({ content: z.string(), status: word })) }),
  z.object({ sessionUpdate: z.literal("usage_update"), used: count, size: count }),
  z.object({
    sessionUpdate: z.literal("notice"),
    severity: word,
    title: z.string(),
    description: maybe(z.string().nullable()),
  }),
  z.object({ sessionUpdate: z.literal("session_info_update"), _meta: metaSchema }),
]);

/** The step an update of a session stands for; undefined for one we have no use for. */
export function stepOf(params: unknown): AgentStep | undefined {
  const update = z.object({ update: updateSchema }).safeParse(params).data?.update;
  switch (update?.sessionUpdate) {
    case undefined:
      return undefined;
    case "agent_message_chunk":
      return { k: "text", delta: update.content.text };
    case "agent_thought_chunk":
      return { k: "thought", delta: update.content.text };
    case "tool_call":
    case "tool_call_update":
      return { k: "tool", id: update.toolCallId, kind: update.kind, title: update.title, status: update.status };
    case "plan":
      return { k: "plan", items: update.entries.map(({ content, status }) => ({ text: content, status })) };
    case "usage_update":
      return { k: "context", used: update.used, size: update.size };
    case "notice":
      return noticeOf(update.severity, [update.title, update.description]);
    case "session_info_update": {
      const { severity, title } = update._meta.jetbrains.air.sessionFailure;
      return noticeOf(severity, [title]);
    }
  }
}

function noticeOf(severity: string | undefined, parts: readonly (string | null | undefined)[]): AgentStep {
  const level = severity === "error" || severity === "warning" ? severity : "info";
  return { k: "notice", level, text: parts.filter(Boolean).join(": ") };
}
