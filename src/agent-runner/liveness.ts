/** What can be seen of a running command at one moment. */
export interface Sign {
  readonly atMs: number;
  readonly outputBytes: number;
  readonly cpuSeconds: number;
  /** Identity of the set of its processes. */
  readonly processes: string;
}

/**
 * Whether something happened between two looks: output, a process that came or went, or processor time of at least 2 %
 * of one core. An idle runtime's timers stay below that; anything that computes is far above (measured: 0–1.6 %
 * waiting, over 80 % working).
 */
export function isSignOfLife(before: Sign, now: Sign): boolean {
  const seconds = (now.atMs - before.atMs) / 1000;
  return (
    now.outputBytes > before.outputBytes ||
    now.processes !== before.processes ||
    now.cpuSeconds - before.cpuSeconds >= 0.02 * seconds
  );
}
