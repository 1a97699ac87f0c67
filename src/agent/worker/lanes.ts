// Decides what runs beside what: reads side by side up to a cap, changes to one container one after another.
import type { Semaphore } from '../../platform/semaphore.ts';

export class Lanes {
  readonly #reads: Semaphore;
  readonly #tails = new Map<string, Promise<void>>();

  constructor(reads: Semaphore) {
    this.#reads = reads;
  }

  /** Runs `task` when a place for a read is free. `task` must not reject. */
  async read(task: () => Promise<void>, signal: AbortSignal): Promise<void> {
    using _permit = await this.#reads.acquire(signal);
    await task();
  }

  /** Runs `task` after every earlier change of the same lane. `task` must not reject. */
  async change(lane: string, task: () => Promise<void>): Promise<void> {
    const before = this.#tails.get(lane) ?? Promise.resolve();
    const mine = before.then(task);
    this.#tails.set(lane, mine);
    await mine;
    if (this.#tails.get(lane) === mine) this.#tails.delete(lane);
  }
}
