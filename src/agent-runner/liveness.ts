/** What can be seen of a running command at one moment. */
export interface Sign {
  readonly atMs: number;
  readonly outputBytes: number;
  /** Signs of life seen elsewhere: bytes of the model on their way to the agent. */
  readonly signs: number;
  readonly cpuSeconds: number;
  /** Identity of the set of its processes. */
  readonly processes: string;
}

/**
 * Whether something happened between two looks: output, a sign from elsewhere, a process that came or went, or processor time of at least 2 %
 * of one core. An idle runtime's timers stay below that; anything that computes is far above (measured: 0–1.6 %
 * waiting, over 80 % working).
 */
export function isSignOfLife(before: Sign, now: Sign): boolean {
  const seconds = (now.atMs - before.atMs) / 1000;
  return (
    now.outputBytes > before.outputBytes ||
    now.signs > before.signs ||
    now.processes !== before.processes ||
    now.cpuSeconds - before.cpuSeconds >= 0.02 * seconds
  );
}
