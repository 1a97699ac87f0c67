// The open logs of the engine: so many at once, and those that were left open between two pages until they are wanted or in the way.
import type { Clock, Deadline } from '../../platform/clock.ts';
import { Semaphore } from '../../platform/semaphore.ts';
import { EngineLogReader, type OpenedLog } from './log-reader.ts';

/** More readers than this make dockerd itself the bottleneck of the host. Those left open count. */
export const LOG_READERS_MAX_COUNT = 4;
/** Long enough for a page to be fetched, looked at and asked on from; then the engine closes its files. */
export const LOG_LEFT_OPEN_MAX_MS = 30_000;

interface LeftReader {
  readonly reader: EngineLogReader;
  readonly idle: Deadline;
}

export type OpenLog = () => Promise<Omit<OpenedLog, 'onLeave' | 'onClose'>>;

export class LogReaders implements Disposable {
  readonly #clock: Clock;
  readonly #permits = new Semaphore(LOG_READERS_MAX_COUNT);
  /** By container and place, the one that was left longest ago first. */
  readonly #left = new Map<string, LeftReader>();
  #usedCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Readers that are open now, those left included. */
  get usedCount(): number {
    return this.#usedCount;
  }

  async open(id: string, connect: OpenLog, signal: AbortSignal): Promise<EngineLogReader> {
    if (this.#usedCount >= LOG_READERS_MAX_COUNT) this.#closeOldest();
    const permit = await this.#permits.acquire(signal);
    this.#usedCount += 1;
    const giveBack = (): void => {
      this.#usedCount -= 1;
      permit[Symbol.dispose]();
    };
    try {
      const opened = await connect();
      return new EngineLogReader({
        ...opened,
        onLeave: (reader, place) => this.#leave(reader, keyOf(id, place)),
        onClose: giveBack,
      });
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  resume(id: string, place: string): EngineLogReader | undefined {
    const key = keyOf(id, place);
    const left = this.#left.get(key);
    if (left === undefined) return undefined;
    this.#forget(key, left);
    left.reader.resume();
    return left.reader;
  }

  [Symbol.dispose](): void {
    while (this.#left.size > 0) this.#closeOldest();
  }

  #leave(reader: EngineLogReader, key: string): void {
    // Asked twice for the same page: the later one has its reader as well.
    this.#close(key);
    const idle = this.#clock.deadline(LOG_LEFT_OPEN_MAX_MS);
    idle.signal.addEventListener('abort', () => this.#close(key), { once: true });
    this.#left.set(key, { reader, idle });
    if (this.#permits.waitingCount > 0) this.#closeOldest();
  }

  #closeOldest(): void {
    const [key] = this.#left.keys();
    if (key !== undefined) this.#close(key);
  }

  #close(key: string): void {
    const left = this.#left.get(key);
    if (left === undefined) return;
    this.#forget(key, left);
    left.reader.close();
  }

  #forget(key: string, left: LeftReader): void {
    this.#left.delete(key);
    left.idle[Symbol.dispose]();
  }
}

function keyOf(id: string, place: string): string {
  return `${id} ${place}`;
}
