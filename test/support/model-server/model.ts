import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { answerFor, pollFor } from "./answer.ts";
import { type ChosenTurn, choose } from "./choose.ts";
import { deliver, type SlowAnswer } from "./deliver.ts";
import { Faults, type TurnFault } from "./faults.ts";
import { openAiChat } from "./protocols/openai-chat.ts";
import { openAiResponses } from "./protocols/openai-responses.ts";
import type { Asked, Protocol } from "./protocols/protocol.ts";
import { Queue } from "./queue.ts";
import { type Recording, readBody, record } from "./record.ts";
import { type Exchange, refusalFor, refuse } from "./refuse.ts";
import type { TurnFile } from "./script.ts";

const protocols: readonly Protocol[] = [openAiResponses, openAiChat];

/** The model behind the HTTP server: plays its scripts to whoever asks, and writes down who did. */
export class Model {
  readonly requests: Recording[] = [];
  readonly problems: string[] = [];
  readonly faults = new Faults();
  readonly slow = new Queue<SlowAnswer>();
  readonly #turnFile: TurnFile;

  constructor(turnFile: TurnFile) {
    this.#turnFile = turnFile;
  }

  /** Answers a request. Whatever a script or a test forgot is told to the agent and noted as a problem. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recording = record(request);
    const exchange = { id: String(this.requests.push(recording)), response, recording };
    response.on("close", () => {
      if (recording.state === "open") recording.state = response.writableFinished ? "answered" : "left";
    });
    try {
      recording.body = await readBody(request);
      await this.#serve(exchange);
    } catch (cause) {
      if (recording.state === "open") this.#problem(exchange, { reason: String(cause), protocol: openAiResponses });
    }
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { method, path, body } = exchange.recording;
    const protocol = protocols.find(({ route }) => method === "POST" && route.test(path.split("?")[0] ?? ""));
    if (protocol === undefined) return this.#problem(exchange, { reason: `no route ${method} ${path}`, status: 404 });
    const asked = attempt(() => protocol.read(body));
    if (asked instanceof Error) return this.#problem(exchange, { reason: `unreadable: ${asked.message}`, protocol });
    await this.#answer(exchange, protocol, asked);
  }

  async #answer(exchange: Exchange, protocol: Protocol, asked: Asked): Promise<void> {
    const { id, recording } = exchange;
    const choice = choose(this.#turnFile, asked);
    const poll = choice.kind === "turn" ? pollFor(id, asked, choice.position) : undefined;
    const turn = choice.kind === "turn" && poll === undefined ? choice : undefined;
    if (turn !== undefined) recording.turn = { script: turn.script, position: turn.position };
    const fault = this.faults.take(turn && faultOf(turn, asked));
    recording.fault = fault?.kind;
    const refusal = refusalFor(fault);
    if (refusal !== undefined) return refuse(exchange, protocol.refuse(refusal, asked), fault);
    if (choice.kind === "nothing") return this.#problem(exchange, { reason: choice.reason, protocol });
    const answer = poll ?? attempt(() => answerFor({ id, asked, choice, fault }));
    if (answer instanceof Error) return this.#problem(exchange, { reason: answer.message, protocol });
    const onSlow = (slow: SlowAnswer) => this.slow.put(slow);
    await deliver({ ...exchange, encoded: protocol.encode(answer, asked), fault, onSlow });
  }

  #problem(exchange: Exchange, { reason, status = 400, protocol = openAiResponses }: Problem): void {
    this.problems.push(reason);
    refuse(exchange, protocol.refuse({ kind: "status", status, message: `The scripted model: ${reason}` }, undefined));
  }
}

interface Problem {
  readonly reason: string;
  readonly status?: number;
  readonly protocol?: Protocol;
}

/** The fault of a turn, with a place of its own for every conversation. */
function faultOf({ script, position, turn }: ChosenTurn, { conversation }: Asked): TurnFault | undefined {
  if (turn.fault === undefined) return undefined;
  return { place: JSON.stringify([conversation, script, position]), fault: turn.fault };
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof z.ZodError) return new Error(z.prettifyError(cause), { cause });
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}
