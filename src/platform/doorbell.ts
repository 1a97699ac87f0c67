// Wakes one waiting loop: rings before the wait are not lost, and many rings are one.

export class Doorbell {
  #rung = false;
  #waiter: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#waiter?.();
  }

  /** Resolves when the bell has been rung since the last wait, or when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#rung || signal.aborted) {
      this.#rung = false;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const listening = new AbortController();
    signal.addEventListener('abort', () => resolve(), { once: true, signal: listening.signal });
    this.#waiter = resolve;
    try {
      await promise;
    } finally {
      listening.abort();
      this.#waiter = undefined;
      this.#rung = false;
    }
  }
}
