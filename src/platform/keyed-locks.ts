// One lock for each key, given in the order in which it was asked for.
import { Semaphore } from './semaphore.ts';

export class KeyedLocks {
  readonly #locks = new Map<string, { readonly semaphore: Semaphore; users: number }>();

  /** Held until the value is disposed of. Rejects with the signal's reason. */
  async acquire(key: string, signal: AbortSignal): Promise<Disposable> {
    const lock = this.#locks.get(key) ?? { semaphore: new Semaphore(1), users: 0 };
    this.#locks.set(key, lock);
    lock.users += 1;
    const leave = (): void => {
      lock.users -= 1;
      if (lock.users === 0) this.#locks.delete(key);
    };
    try {
      const permit = await lock.semaphore.acquire(signal);
      return {
        [Symbol.dispose]: () => {
          permit[Symbol.dispose]();
          leave();
        },
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}
