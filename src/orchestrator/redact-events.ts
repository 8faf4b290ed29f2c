import { mapTexts } from "./map-texts.ts";
import type { AgentEvent } from "./run-ports.ts";

/** Takes known secrets out of texts. */
export interface Redactor {
  redact(text: string): string;
  /** The same for a text that comes in pieces, where a secret may be cut in two. */
  stream(): { push(piece: string): string; end(): string };
}

/** What the model says and thinks comes in pieces; other steps are whole. */
type Piece = AgentEvent & { readonly delta: string };

/**
 * Redacts an agent's steps in their order. Pieces are held back for as long as they may be the beginning of a secret;
 * `rest` gives what is still held.
 */
export function redactEvents(redactor: Redactor) {
  let open: { readonly last: Piece; readonly stream: ReturnType<Redactor["stream"]> } | undefined;

  function rest(): readonly AgentEvent[] {
    const held = open && ({ ...open.last, delta: open.stream.end() } satisfies Piece);
    open = undefined;
    return held && held.delta !== "" ? [held] : [];
  }

  function one(event: AgentEvent): readonly AgentEvent[] {
    if (!isPiece(event)) return [...rest(), mapTexts(event, redactor.redact)];
    const before = open && open.last.k !== event.k ? rest() : [];
    const stream = open?.stream ?? redactor.stream();
    open = { last: event, stream };
    const delta = stream.push(event.delta);
    const piece: Piece = { ...event, delta };
    return delta === "" ? before : [...before, piece];
  }

  return { push: (events: readonly AgentEvent[]) => events.flatMap(one), rest };
}

function isPiece(event: AgentEvent): event is Piece {
  return "delta" in event && typeof event.delta === "string";
}
