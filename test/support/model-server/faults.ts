import { z } from "zod";

const often = {
  /** So many requests meet it; left out, all of them. */
  times: z.int().min(1).optional(),
};

/** What can go wrong between an agent and its provider. */
export const faultSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("status"),
    status: z.int().min(400).max(599),
    message: z.string().optional(),
    /** Seconds, for the header `retry-after`. */
    retryAfter: z.number().min(0).optional(),
    ...often,
  }),
  /** 429 that no waiting helps. */
  z.strictObject({ kind: z.literal("quota"), ...often }),
  /** The conversation is too long for the model. */
  z.strictObject({ kind: z.literal("overflow"), ...often }),
  /** A page with status 200, as a captive portal answers. */
  z.strictObject({ kind: z.literal("html"), ...often }),
  /** The connection ends in the middle of the answer, before any piece of it is complete. */
  z.strictObject({ kind: z.literal("cut"), ...often }),
  /** The connection ends before the answer begins. */
  z.strictObject({ kind: z.literal("hang-up"), ...often }),
  /** No answer, and the connection stays open. */
  z.strictObject({ kind: z.literal("no-answer"), ...often }),
  /** The answer begins, and nothing more comes. */
  z.strictObject({ kind: z.literal("silent"), ...often }),
  /** The answer comes in so many parts; the test sends each by hand, see `nextSlow`. */
  z.strictObject({ kind: z.literal("slow"), parts: z.int().min(2), ...often }),
  /** Instead of its turn the model wants a command to be run, and the script does not get on. */
  z.strictObject({ kind: z.literal("endless"), run: z.string().default("true"), ...often }),
  /** Instead of its turn the model says this many characters, and that was all. */
  z.strictObject({ kind: z.literal("huge"), characters: z.int().min(1), ...often }),
]);

export type Fault = z.infer<typeof faultSchema>;
/** A fault as tests write it down. */
export type FaultInput = z.input<typeof faultSchema>;

/** The fault of a turn, and which turn of which conversation it is. */
export interface TurnFault {
  readonly place: string;
  readonly fault: Fault;
}

interface Plan {
  readonly fault: Fault;
  left: number;
}

/** Faults of the server, in the order they were planned, and those of turns, counted per conversation. */
export class Faults {
  #planned: Plan[] = [];
  readonly #turns = new Map<string, Plan>();

  /** What shall happen to the next requests, after what is planned already. @throws ZodError */
  plan(fault: FaultInput): void {
    this.#planned.push(planOf(faultSchema.parse(fault)));
  }

  /** From now on the server is well; faults of turns stay. */
  clear(): void {
    this.#planned = [];
  }

  /** The fault a request meets, which uses up one of its times. The server's come first. */
  take(ofTurn: TurnFault | undefined): Fault | undefined {
    const plan = this.#planned.find(({ left }) => left > 0) ?? this.#turnPlan(ofTurn);
    if (plan === undefined || plan.left === 0) return undefined;
    plan.left -= 1;
    return plan.fault;
  }

  #turnPlan(ofTurn: TurnFault | undefined): Plan | undefined {
    if (ofTurn === undefined) return undefined;
    const plan = this.#turns.get(ofTurn.place) ?? planOf(ofTurn.fault);
    this.#turns.set(ofTurn.place, plan);
    return plan;
  }
}

function planOf(fault: Fault): Plan {
  return { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
}
