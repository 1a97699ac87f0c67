// Decides whether an authenticated request is fresh and new; pure: the caller passes the time in.
import { REPLAY_MEMORY_SECONDS, TIMESTAMP_TOLERANCE_SECONDS } from './headers.ts';

export type Freshness = 'fresh' | 'stale' | 'replayed' | 'malformed';

const REQUEST_ID = /^[\w-]{8,64}$/u;
const UNIX_SECONDS = /^\d{1,12}$/u;

/**
 * Remembers request ids per agent for {@link REPLAY_MEMORY_SECONDS}. Holds at most `maxEntries` ids: beyond that the oldest half is
 * forgotten, which weakens replay protection rather than memory.
 */
export class ReplayWindow {
  readonly #seen = new Map<string, number>();
  readonly #maxEntries: number;

  constructor(maxEntries = 200_000) {
    this.#maxEntries = maxEntries;
  }

  /** `nowMs` in milliseconds since the epoch; `timestamp` and `requestId` as they came in the headers. */
  check(agentId: string, requestId: string, timestamp: string, nowMs: number): Freshness {
    if (!REQUEST_ID.test(requestId) || !UNIX_SECONDS.test(timestamp)) return 'malformed';
    const nowSeconds = Math.floor(nowMs / 1000);
    if (Math.abs(nowSeconds - Number(timestamp)) > TIMESTAMP_TOLERANCE_SECONDS) return 'stale';
    const key = `${agentId} ${requestId}`;
    if (this.#seen.has(key)) return 'replayed';
    this.#forget(nowSeconds);
    this.#seen.set(key, nowSeconds);
    return 'fresh';
  }

  get size(): number {
    return this.#seen.size;
  }

  #forget(nowSeconds: number): void {
    const overfull = this.#seen.size >= this.#maxEntries ? Math.ceil(this.#maxEntries / 2) : 0;
    let index = 0;
    // A Map iterates in insertion order, so the walk ends at the first entry that is to be kept.
    for (const [key, seenSeconds] of this.#seen) {
      if (index >= overfull && nowSeconds - seenSeconds <= REPLAY_MEMORY_SECONDS) return;
      this.#seen.delete(key);
      index += 1;
    }
  }
}
