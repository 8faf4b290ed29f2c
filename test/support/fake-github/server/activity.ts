/** Counts what is going on, so that a test can wait until nothing is. */
export class Activity {
  #running = 0;
  #waiting: (() => void)[] = [];

  /** Counts a piece of work from its start to its end, however it ends. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#tell();
    }
  }

  /** Resolves when nothing is running. */
  async idle(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
