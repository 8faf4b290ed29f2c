import { type ClientConnection, client, RequestError, type RequestPermissionResponse } from "@agentclientprotocol/sdk";
import type { AgentStep } from "../types.ts";
import { permissionSchema, type SessionFailure, stepOf } from "./acp-messages.ts";
import { openWire } from "./acp-wire.ts";
import type { Profile } from "./profiles/profile.ts";

/** How an agent ended its turn, as it says itself. Not the truth about its model: the gateway is (agents.md §3.2). */
export type TurnEnd =
  | { readonly kind: "ended"; readonly reason: string; readonly failure: SessionFailure | undefined }
  | { readonly kind: "error"; readonly code: number | undefined; readonly message: string };

export interface ClientOrder {
  readonly cwd: string;
  readonly prompt: string;
  readonly profile: Pick<Profile, "clientMeta" | "greeting">;
  readonly say: (line: string) => void;
  readonly onStep: (step: AgentStep) => void;
  readonly onFlood: () => void;
}

/** Our side of the protocol with one agent, for one turn. */
export interface AcpClient {
  readonly hear: (line: string) => void;
  /** Begins, asks, and waits for the answer. Never throws. */
  readonly takeTurn: () => Promise<TurnEnd>;
  /** Asks the agent to end its turn now; it answers it, or not. */
  readonly cancel: () => void;
  /** Ends a turn that is waited for. */
  readonly close: () => void;
}

const protocolVersion = 1;

/** Speaks the Agent Client Protocol, version 1, over lines. Files and terminals are not offered: the agent has its own. */
export function openClient(order: ClientOrder): AcpClient {
  const { say, onStep, onFlood } = order;
  const wire = openWire({
    say,
    onFlood,
    onUpdate: (params) => {
      const step = stepOf(params);
      if (step) onStep(step);
    },
  });
  const connection = client({ name: "baton" })
    .onRequest(
      "session/request_permission",
      (params: unknown) => params,
      ({ params }) => permit(params, onStep),
    )
    .connect(wire.stream);
  let sessionId: string | undefined;
  return {
    hear: wire.hear,
    takeTurn: async () => {
      try {
        sessionId = await begin(connection, order);
        const { stopReason, _meta } = await connection.agent.request("session/prompt", {
          sessionId,
          prompt: [{ type: "text", text: order.prompt }],
        });
        return { kind: "ended", reason: stopReason ?? "no reason given", failure: failureIn(_meta) };
      } catch (error) {
        return errorOf(error);
      }
    },
    cancel: () => {
      if (sessionId !== undefined) connection.agent.notify("session/cancel", { sessionId }).catch(() => {});
    },
    close: () => {
      connection.close();
      wire.close();
    },
  };
}

async function begin({ agent }: ClientConnection, { cwd, profile }: ClientOrder): Promise<string> {
  const answer = await agent.request("initialize", {
    protocolVersion,
    clientInfo: { name: "baton", version: "1" },
    clientCapabilities: {
      fs: { readTextFile: false, writeTextFile: false },
      terminal: false,
      _meta: profile.clientMeta,
    },
  });
  if (answer.protocolVersion !== protocolVersion) {
    throw new Error(`The agent speaks version ${answer.protocolVersion} of the protocol, not ${protocolVersion}.`);
  }
  const { sessionId } = await agent.request("session/new", { cwd, mcpServers: [] });
  // The library's types promise one; it does not look.
  if (typeof sessionId !== "string") throw new Error("The agent opened no session.");
  const greeting = profile.greeting?.(sessionId);
  if (greeting) await agent.request<unknown>(greeting.method, greeting.params).catch(() => {});
  return sessionId;
}

/** Nobody is there to be asked: what the agent may do is what its sandbox lets it do. Yes, this once. */
function permit(params: unknown, onStep: (step: AgentStep) => void): RequestPermissionResponse {
  const request = permissionSchema.safeParse(params).data;
  const options = request?.options ?? [];
  const option =
    options.find(({ kind }) => kind === "allow_once") ?? options.find(({ kind }) => kind === "allow_always");
  onStep({ k: "permission", title: request?.toolCall?.title ?? "", answer: option?.kind ?? "cancelled" });
  return { outcome: option ? { outcome: "selected", optionId: option.optionId } : { outcome: "cancelled" } };
}

function failureIn(meta: unknown): SessionFailure | undefined {
  // The wire let nothing else through.
  const known = meta as { jetbrains?: { air?: { sessionFailure?: SessionFailure } } } | null | undefined;
  return known?.jetbrains?.air?.sessionFailure;
}

function errorOf(error: unknown): TurnEnd {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "error", code: error instanceof RequestError ? error.code : undefined, message };
}
