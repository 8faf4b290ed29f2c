/**
 * A wire protocol of a provider: how a request's conversation is read, and how an answer or a refusal is written. One
 * file per protocol; everything else in this folder knows none of them.
 */
export interface Protocol {
  readonly api: string;
  /** Paths of its inference route, without the query. */
  readonly route: RegExp;
  /** @throws Error when the body is not what the protocol asks for */
  readonly read: (body: unknown) => Asked;
  readonly encode: (answer: Answer, asked: Asked) => Encoded;
  readonly refuse: (refusal: Refusal, asked: Asked | undefined) => RefusalBody;
}

/** A request, as far as a script needs it. */
export interface Asked {
  readonly model: string;
  readonly wants: "stream" | "whole";
  /** Tells conversations apart where the agent says it; otherwise the words it began with do. */
  readonly conversation: string;
  /** Without what the agent itself says to its model (system and developer messages). */
  readonly messages: readonly Message[];
  /** None: a side request, such as one for a title. */
  readonly tools: readonly OfferedTool[];
  /** A Chat Completions stream tells its usage only to who asks. Others always do. */
  readonly usage: "told" | "untold";
}

export type Message =
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "model" }
  | { readonly role: "tool"; readonly callId: string; readonly text: string };

export interface OfferedTool {
  readonly name: string;
  /** JSON schema of its arguments, as it was sent. */
  readonly parameters: unknown;
}

export interface Answer {
  /** Unique in this server; goes into the ids of the protocol. */
  readonly id: string;
  readonly text: string | undefined;
  readonly calls: readonly ToolCall[];
  readonly usage: Usage;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Tokens. `cached` is part of `input`. */
export interface Usage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

export interface Encoded {
  readonly contentType: string;
  readonly frames: readonly string[];
  /** So many frames can be sent before the first piece of the answer is complete. A fault cuts the next one in two. */
  readonly unfinished: number;
}

export type Refusal =
  | { readonly kind: "status"; readonly status: number; readonly message?: string | undefined }
  | { readonly kind: "quota" }
  | { readonly kind: "overflow" };

export interface RefusalBody {
  readonly status: number;
  readonly body: unknown;
}
