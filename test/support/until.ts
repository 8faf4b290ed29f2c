import { setTimeout as pause } from "node:timers/promises";

export interface Patience {
  /** What is waited for, for the error. */
  readonly what: string;
  /** Milliseconds. */
  readonly within: number;
}

/**
 * Asks again and again until there is an answer: for processes of their own, which can only be watched from outside.
 * Tests of one process wait for facts instead.
 *
 * @throws Error naming what did not come
 */
export async function until<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  { what, within }: Patience,
): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`Waited ${within} ms in vain for ${what}`);
    await pause(20);
  }
}
