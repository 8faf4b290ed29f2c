import type { Writable } from "node:stream";
import type { Order } from "./protocol.ts";

/** What the app can do to the command that is running. */
export interface Grip {
  readonly take: (order: Exclude<Order, { type: "run" }>) => void;
  /** From here on there is a command to hold. Orders that came while the sandbox was built are carried out now. */
  readonly hold: (stdin: Writable, kill: () => void) => void;
  /** How often the app said that the command is alive. */
  readonly signs: () => number;
  readonly killed: () => boolean;
}

/** A grip on nothing yet. */
export function holdOn(): Grip {
  const early: Exclude<Order, { type: "run" }>[] = [];
  let held: { readonly stdin: Writable; readonly kill: () => void } | undefined;
  let signs = 0;
  let killed = false;
  const take: Grip["take"] = (order) => {
    if (held === undefined) early.push(order);
    else if (order.type === "alive") signs++;
    else if (order.type === "kill") {
      killed = true;
      held.kill();
    } else if (order.type === "hush") held.stdin.end();
    else if (held.stdin.writable) held.stdin.write(`${order.line}\n`);
  };
  return {
    take,
    hold: (stdin, kill) => {
      held = { stdin, kill };
      for (const order of early.splice(0)) take(order);
    },
    signs: () => signs,
    killed: () => killed,
  };
}
