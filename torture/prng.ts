/** Chance that can be repeated: the same seed gives the same schedule. */
export interface Chance {
  /** At least `low`, at most `high`, whole. */
  between(low: number, high: number): number;
  /** True in so many of a hundred cases. */
  percent(share: number): boolean;
  /** One of these, each as likely as its weight. @throws Error when there is none */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T;
  pick<T>(choices: readonly T[]): T;
}

/** mulberry32: 32 bits of state, good enough to shuffle people and kills. */
export function chanceOf(seed: number): Chance {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  function weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    const last = choices.at(-1);
    if (last === undefined) throw new Error("nothing to choose from");
    return last[1];
  }
  return {
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    percent: (share) => next() * 100 < share,
    weighted,
    pick: (choices) => weighted(choices.map((choice) => [1, choice] as const)),
  };
}
