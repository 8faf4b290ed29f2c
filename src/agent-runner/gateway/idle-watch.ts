export interface IdleWatch {
  /** Somebody did something: the time begins anew. */
  readonly beat: () => void;
  /** Who is to do something now. The time begins anew. */
  readonly waitFor: (who: Waited) => void;
  readonly stop: () => void;
}

export type Waited = "provider" | "agent";

/** Tells once who did nothing for `idleMs`. Waiting for the agent to read is not the provider's silence. */
export function watchIdle(idleMs: number, onIdle: (who: Waited) => void): IdleWatch {
  let waited: Waited = "provider";
  const timer = setTimeout(() => onIdle(waited), idleMs);
  return {
    beat: () => timer.refresh(),
    waitFor: (who) => {
      waited = who;
      timer.refresh();
    },
    stop: () => clearTimeout(timer),
  };
}
