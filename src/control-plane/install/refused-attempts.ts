// Counts refused purchase tokens by the address they came from: a guess costs a guesser time, and the log says who it was. Pure.

/** Above what a person mistypes. Behind a proxy all strangers share one address, and those with a valid token are served all the same. */
const REFUSALS_MAX_COUNT = 60;
const WINDOW_MS = 60_000;
const ADDRESSES_MAX_COUNT = 10_000;

interface Window {
  readonly untilMs: number;
  count: number;
}

export class RefusedAttempts {
  readonly #windows = new Map<string, Window>();

  /** Counts one; true when the address has had more than it may. */
  note(address: string, nowMs: number): boolean {
    const open = this.#windows.get(address);
    if (open !== undefined && open.untilMs > nowMs) {
      open.count += 1;
      return open.count > REFUSALS_MAX_COUNT;
    }
    if (this.#windows.size >= ADDRESSES_MAX_COUNT) this.#forget(nowMs);
    this.#windows.set(address, { untilMs: nowMs + WINDOW_MS, count: 1 });
    return false;
  }

  // When all are recent there are too many guessers to tell apart: all start anew.
  #forget(nowMs: number): void {
    for (const [address, window] of this.#windows) if (window.untilMs <= nowMs) this.#windows.delete(address);
    if (this.#windows.size >= ADDRESSES_MAX_COUNT) this.#windows.clear();
  }
}
